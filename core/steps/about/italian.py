"""How Italian asks an assistant who it is and what it can do.  Data only."""

from __future__ import annotations

from core.steps.about.tongue import Tongue

IT = Tongue(
    parts={
        "like": r"""
            una?|uno|il|la|l|solo|davvero|veramente|realmente|proprio|vero|vera|reale|viv[oa]|essere|uman[oa]
            assistente|con|automatic[oa]|virtuale
        """,
        "being": r"""
            uman[oa]|persona|qualcuno|operat(?:ore|rice)|assistente|reale|vero|vera
            bots?|robots?|chatbots?|chatgpt|macchina|computer|ia|ai|intelligenza|programma|software|automatic[oa]
            risponditore
        """,
        "is": r"""
            (?:<like> ){0,6}<being>(?: (?:reale|vera|vero|uman[oa]|artificiale|virtuale|automatic[oa]|in carne e \
                ossa|viv[oa]))?
        """,
        "kind": r"<is>(?: (?:o|oppure|e|no)(?: (?:no|sei|con|sto parlando con|e))?(?: <is>)?)*",
        "talk": r"parlando|chattando|scrivendo|conversando|comunicando",
        "for": r"(?: (?:per me|per noi|qui|esattamente|oggi|tu|lei|voi))*",
        "can": r"puoi|puo|potete|potresti|potrebbe|potreste|sai|sa|riesci",
        "what": r"che cosa|cosa|che",
    },
    around=r"""
        per favore|per piacere|scusa|scusi|scusate|e|o|ma|allora|dunque|bene|ora|adesso|qui|esattamente|se|una domanda
        senti|senta|intanto|prima di tutto|tutto bene
        (?:mi )?(?:puoi|puo|potresti|potrebbe) (?:dirmi|dire)|dimmi|mi dica|(?:voglio|vorrei|mi piacerebbe) sapere
        mi chiedo
    """,
    questions=r"""
        (?:tu |lei )?(?:sei|e|siete|saresti)(?: (?:tu|lei))? <kind>(?: (?:vero|giusto))?
        (?:sto|stiamo)(?: (?:davvero|qui))? (?:<talk>)(?: (?:davvero|qui))? con <kind>|parlo(?: davvero)? con <kind>
        (?:sono in contatto|ho a che fare) con <kind>
        (?:questo|questa|questa chat) e (?:una? )?(?:bot|robot|chatbot|persona|uman[oa]|ia)(?: (?:reale|vera))?
        mi risponde <kind>
        (?:tu |lei )?(?:chi|<what>|chi o cosa) (?:sei|siete|saresti|e lei)(?: (?:tu|voi))?|(?:tu |lei )?chi e
        chi (?:parla|mi risponde|risponde|scrive|c e)(?: (?:qui|li))?
        con chi (?:parlo|sto (?:<talk>)|ho il piacere(?: di parlare)?|ho a che fare)
        come (?:ti chiami|si chiama(?: lei)?|posso chiamarti|ti posso chiamare|devo chiamarti)
        (?:qual e )?(?:il )?(?:tuo|suo) nome|hai un nome
        presentati|si presenti|(?:parlami|raccontami) (?:qualcosa )?(?:di|su) te
        (?:<what>)(?: altro)? (?:<can>) fare<for>|quello che (?:<can>) fare|(?:<what>) fai<for>|(?:<what>) sai
        (?:come|in che modo|in cosa|in che cosa|con cosa|a fare cosa|per cosa)(?: mi)? (?:<can>) (?:aiutar(?:mi|ci|\
            e)|essermi utile|essere utile|assistermi|essermi d aiuto)<for>
        (?:come|in cosa|in che cosa) mi (?:aiuti|aiuta)
        (?:<what>)(?: (?:ti|le))? posso (?:chieder(?:ti|le|e)|domandar(?:ti|e))
        (?:che|quali)(?: (?:tipo|tipi) di)? domande (?:posso far(?:ti|le|e)|puoi rispondere)
        a (?:che|quali) domande (?:puoi|sai) rispondere
        a (?:che )?cosa servi|quali sono le (?:tue|sue) (?:funzioni|capacita)|qual e il tuo (?:compito|ruolo)
        come funzioni|come funziona (?:questa|questo|la|il) (?:chat|bot|chatbot|assistente)
    """,
    openings=r"""
        come funziona(?: (?:questo|qui|il tutto))?|(?:che )?cos e questo
        (?:mi |ci )?(?:<can>) (?:aiutar(?:mi|ci|e)|dar(?:mi|e) una mano|assistermi)|mi (?:aiuti|aiuta|aiutate)
        qualcuno (?:puo aiutarmi|mi puo aiutare)
        (?:ho|avrei|abbiamo) bisogno (?:di |d )(?:un |una |un po di |del tuo |del suo |vostro )?(?:aiuto|mano|\
            assistenza|supporto)
        mi serve (?:un )?(?:aiuto|una mano|assistenza)
        aiuto|aiut(?:ami|atemi|ateci)|vorrei (?:un )?aiuto|(?:ho|avrei) (?:una|delle|alcune) domand[ae]
        posso (?:far|chieder)(?:ti|le|e) (?:una domanda|qualcosa)
    """,
)
