"""How Portuguese asks an assistant who it is and what it can do.  Data only."""

from __future__ import annotations

from core.steps.about.tongue import Tongue

PT = Tongue(
    parts={
        "like": r"""
            uma?|o|a|so|apenas|realmente|mesmo|de verdade|real|verdadeir[oa]|viv[oa]|ser|human[oa]|assistente
            atendente|com|automatic[oa]|virtual
        """,
        "being": r"""
            human[oa]s?|pessoa|alguem|gente|atendente|assistente|real
            bots?|robos?|chatbots?|chatgpt|maquina|computador|ia|inteligencia|programa|software|automatic[oa]
            automatizad[oa]
        """,
        "is": r"""
            (?:<like> ){0,6}<being>(?: (?:real|de verdade|human[oa]|artificial|virtual|automatic[oa]|viv[oa]|mesmo))?
        """,
        "kind": r"<is>(?: (?:ou|e|nao)(?: (?:nao|e|com|voce e|estou falando com))?(?: <is>)?)*",
        "you": r"voce|voces|vc|tu|o senhor|a senhora|ce",
        "for": r"(?: (?:por mim|para mim|pra mim|por nos|aqui|exatamente|hoje|me|nos))*",
        "can": r"pode|podes|podem|consegue|consegues|poderia|poderias",
        "talk": r"falando|conversando|a falar|a conversar|teclando|em contato|em contacto",
    },
    around=r"""
        por favor|desculp[ae]|e|ou|mas|entao|bem|agora|aqui|exatamente|boas|tudo bem|primeiro|uma pergunta|se|sera que
        (?:voce )?(?:pode|podes|poderia) (?:me )?dizer(?: me)?|me (?:diz|diga)|diga me|diz me
        (?:quero|queria|gostaria de|preciso) saber
    """,
    questions=r"""
        (?:<you> )?(?:e|es|sao|seria|e mesmo)(?: <you>)? <kind>(?: (?:ne|certo))?
        (?:eu )?(?:estou|to|tou|estamos)(?: (?:mesmo|realmente))? (?:<talk>) com <kind>
        (?:eu )?falo(?: aqui)? com <kind>
        (?:isto|isso|este chat|esse chat|aqui) e (?:mesmo )?(?:uma? )?(?:bot|robo|chatbot|pessoa|human[oa]|ia|\
            maquina)(?: (?:real|de verdade))?
        (?:quem|o que|que) (?:e|es|sao|seria) <you>|(?:quem|o que) <you> e|quem es|o que es|<you> e quem
        quem (?:fala|esta (?:ai|falando|a falar)|me (?:responde|atende)|e)
        com quem (?:eu )?(?:falo|estou (?:<talk>)|tenho o prazer(?: de falar)?)
        como (?:e que )?(?:(?:<you> )?(?:se chama|te chamas)(?: <you>)?|posso te chamar|posso chamar voce|devo te \
            chamar)
        (?:qual (?:e )?)?(?:o )?(?:seu|teu) nome|<you> tem nome
        apresente se|apresenta te|se apresente|(?:fale|fala) (?:um pouco )?(?:sobre|de) (?:voce|ti)
        (?:o que|que|que coisas|o que e que|oque)(?: <you>)? (?:<can>|sabe|sabes)(?: <you>)?<for> fazer<for>
        o que(?: e que)?(?: <you>)? (?:faz|fazes|sabe)<for>
        (?:em que|no que|como|com o que|com que|de que forma|em que coisas)(?: e que)?(?: <you>)?(?: me)? \
            (?:<can>)(?: <you>)?(?: me| nos)? (?:ajudar|auxiliar|ser util)(?: (?:me|nos))?<for>
        (?:o que|que) (?:eu )?(?:posso|poderia)(?: (?:te|lhe))? (?:perguntar|pedir)(?: (?:te|lhe|a <you>|para <you>|\
            aqui))*
        (?:que|quais) (?:tipos? de )?perguntas (?:eu )?(?:posso (?:te |lhe )?fazer|(?:<you> )?(?:responde|pode \
            responder|podes responder))
        para que(?: <you>)? serves?|quais (?:sao )?(?:as )?(?:suas|tuas) (?:funcoes|capacidades|habilidades)
        qual (?:e )?(?:a )?sua funcao
        como (?:e que )?(?:<you> funcionas?|funcionas|funciona (?:este|esse|o|a) (?:chat|bot|chatbot|assistente))
    """,
    openings=r"""
        como (?:e que )?(?:(?:isso|isto) )?funciona(?: (?:isso|isto|aqui))?|o que e (?:isto|isso)
        (?:<you> |alguem )?(?:me )?(?:<can>)(?: <you>)?(?: me| nos)? (?:ajudar|auxiliar)(?: (?:me|nos))?|me ajud[ae]
        ajud[ae] me
        (?:eu )?(?:preciso|quero|necessito|precisava)(?: (?:de|da|sua|tua|uma|um pouco de|muito))* (?:ajuda|apoio|\
            auxilio)
        preciso que me (?:ajude|ajudes)
        ajuda|socorro|(?:eu )?(?:tenho|tinha) (?:uma|umas|algumas) (?:perguntas?|duvidas?|questao|questoes)
        posso (?:te |lhe )?(?:fazer|perguntar)(?: (?:te|lhe))? (?:uma pergunta|algo|uma coisa)
    """,
)
