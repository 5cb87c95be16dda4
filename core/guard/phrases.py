"""Turns of phrase that state no fact about the company, in seven languages.  Data only; all lower-case, with accents.

``FRAMES`` begin a clause that offers help, asks for something, owns up to not knowing, or leads to what follows; ``RESTATES``
begins one that gives the contact's own words back; ``SOFT`` words carry no claim; ``CLAIMS`` turn a frame into one ("I can
confirm *that* …"); ``OPENS`` begins a condition or a purpose, which states nothing without the clause it belongs to.
"""

from __future__ import annotations

from core import late
from core.words import fold, listed

_FRAMES = (
    # en
    r"(?:i|we)(?:'d| would|'ll| will|'m| am| can| could| have|'ve)?(?: also| gladly| happily| be| happy| glad| "
    r"to| like| try| love| now| "
    r"certainly| only| just| already| gladly)* (?:help|assist|look|looked|check|checked|try|find|found|search|"
    r"searched|explain|show|walk|guide|"
    r"start|open|connect|bring|transfer|hand|pass|answer|suggest|ask|see|hear|apologi[sz]e|appreciate|clarify)\b",
    r"let (?:me|us|'s)\b|would you\b|could you\b|can you\b|do you\b|shall (?:i|we)\b|should i\b|feel free\b|"
    r"which\b.*\?$",
    r"(?:please |just |simply |kindly )+(?:tell|send|share|give|let|provide|confirm|describe|choose|pick|reply|"
    r"ask|write|rephrase|say)"
    r"(?: back| again)?(?: to)?(?: me| us| your| which| whether| what| if)\b",
    r"i want to (?:be sure|make sure|understand)\b|ich (?:möchte|will) (?:sie|das|es) (?:richtig|genau|gut)\b|"
    r"je veux (?:être sûre?|bien comprendre)\b|"
    r"quiero (?:entender\w*|estar segur\w)\b|quero (?:ter certeza|entender)\b|vorrei (?:essere sicur\w|"
    r"capire)\b|ik wil (?:u|je|het|zeker)\b|"
    r"esto es lo que\b|foi isto que\b|isto é o que\b|questo è quello che\b|dit heb ik\b|dass das gerade\b",
    r"(?:please |just |simply )(?:ask|reply|let me|reach out|try again)\b",
    r"i(?:'m| am) (?:not sure|unable|afraid|sorry|only|an? |here)\b|we(?:'re| are) (?:sorry|here)\b",
    r"i (?:don't|do not|couldn't|could not|can't|cannot|didn't|did not|wasn't able to) (?:know|find|see|have|"
    r"say|tell|confirm|verify|look|"
    r"access|answer|help|read|understand|do)\b",
    r"(?:our|the) (?:help )?(?:articles|pages|sources|documents|knowledge base) (?:don't|do not|doesn't|does "
    r"not|says? nothing)\b",
    r"here(?:'s| is| are)\b(?!.*\b(?:free|because|guarantee\w*)\b)|(?:follow|try|do) (?:these|this|the "
    r"(?:following|next))\b|(?:these|those) are the\b|"
    r"there are (?:a few|some|several|two|three|\d) (?:ways|options|steps|things|possibilities)\b|you have (?:a "
    r"few|some|two|three|\d) options\b",
    # de
    r"(?:(?:hole|helfe|schaue|prüfe|suche|verbinde|zeige|erkläre|kann|könnte|möchte) (?:ich|wir)\b|(?:ich|wir) "
    r"(?:kann|können|könnte|möchte|helfe|helfen|schaue|schauen|prüfe|prüfen|suche|suchen|erkläre|zeige|hole|"
    r"verbinde|brauche|"
    r"benötige|freue|bin (?:nicht sicher|nur|ein|für sie da|gern)|habe (?:dazu |leider |in |nichts|keine|"
    r"nachges|das nicht)))"
    r"(?!.*\b(?:erstatt\w*|garantier\w*|bestätig\w*|versprech\w*|zusicher\w*|anrufen|zurückrufen)\b)",
    r"(?:möchten|wollen|können|könnten|würden|soll|sollen|darf|brauchen|haben) (?:sie|du|ich|wir)\b|lassen "
    r"sie\b|melden sie sich\b|"
    r"(?:bitte |einfach )*(?:sagen|schreiben|geben|senden|schicken|nennen|teilen|beschreiben|wählen|antworten|"
    r"fragen) sie (?:mir|uns|bitte|"
    r"einfach)\b|sagen sie\b",
    r"(?:dazu|dazu haben|darüber|dazu habe) .*(?:nichts|keine|nicht)\b|das (?:weiß ich|kann ich) .*nicht\b|das "
    r"habe ich\b|"
    r"(?:hier (?:ist|sind|finden)|so (?:geht|gehen|funktioniert)|folgen sie|gehen sie (?:so|wie folgt)|es gibt "
    r"(?:mehrere|zwei|drei|einige) "
    r"(?:wege|möglichkeiten|optionen))\b|es tut mir leid\b|tut mir leid\b",
    # fr
    r"(?:je|nous) (?:peux|pouvons|pourrais|vais (?:vous aider|vérifier|regarder|chercher)|vous aide|cherche|"
    r"vérifie|regarde|suis (?:désolée?|là|ravie?|"
    r"heureux|heureuse|un)|ne (?:sais|trouve|peux|suis|dispose)|n'ai)\b(?!.*\b(?:rembours\w*|garanti\w*|"
    r"confirm\w*|assur\w*)\b)",
    r"(?:souhaitez|voulez|pouvez|pourriez|avez|puis|dois|dites|indiquez|donnez|envoyez|faites|n'hésitez)(?:-|"
    r"\s)(?:vous|je|moi|nous|pas)\b|"
    r"voici\b|(?:suivez|essayez) (?:ces|ceci|les)\b|(?:veuillez|merci de) (?:me|nous|préciser|indiquer)\b|il y "
    r"a (?:plusieurs|deux|trois) "
    r"(?:façons|options|possibilités)\b",
    # es
    r"(?:puedo|podemos|podría|voy a (?:ayudar\w*|comprobar|buscar|revisar)|le ayudo|te ayudo|estoy (?:aquí|"
    r"encantad\w+)|soy un\w*|lamento|"
    r"siento|lo siento|no (?:sé|puedo|encuentro|he encontrado|tengo|estoy segur\w+))\b(?!.*\b(?:reembols\w*|"
    r"garanti\w*|confirm\w*|asegur\w*)\b)",
    r"(?:¿|quiere|quieres|desea|puede decirme|podría|dígame|dime|indíqueme|envíeme|avíseme|no dude en|aquí "
    r"(?:tiene|están|está)|siga estos|"
    r"sigue estos|estos son los|hay (?:varias|dos|tres) (?:formas|opciones))\b|^¿",
    # pt
    r"(?:posso|podemos|poderia|vou (?:ajudar|verificar|procurar)|estou (?:aqui|à disposição)|sou um\w*|lamento|"
    r"sinto|desculpe|"
    r"não (?:sei|posso|encontrei|consigo|consegui|tenho))\b(?!.*\b(?:reembols\w*|garant\w*|confirm\w*|assegur\w*)\b)",
    r"(?:quer|deseja|gostaria|pode (?:dizer|indicar|enviar|me)|poderia|diga-me|diga|informe|envie-me|avise|não "
    r"hesite em|"
    r"aqui (?:está|estão|tem)|siga (?:estes|os)|estes são os|há (?:várias|duas|três) (?:formas|opções|maneiras))\b",
    # it
    r"(?:posso|possiamo|potrei|la aiuto|ti aiuto|controllo|verifico|cerco|sono (?:qui|un\w*|spiacente)|mi "
    r"dispiace|mi spiace|"
    r"non (?:so|posso|trovo|ho trovato|ho|sono sicur\w+))\b(?!.*\b(?:rimbors\w*|garanti\w*|conferm\w*|assicur\w*)\b)",
    r"(?:vuole|vuoi|desidera|può (?:dirmi|indicarmi|inviarmi)|potrebbe|mi (?:dica|indichi|faccia|invii)|dimmi|"
    r"non esiti a|ecco|"
    r"segua questi|segui questi|questi sono i|ci sono (?:diversi|due|tre|varie) (?:modi|opzioni))\b",
    # nl
    r"(?:(?:kan|help|zoek|haal|kijk|zal) (?:ik|we|wij)\b|(?:ik|wij|we) (?:kan|kunnen|zou|help|helpen|kijk|zoek|"
    r"controleer|leg|laat|ben (?:er|niet|een|hier)|weet|heb (?:daar|geen|niets|nagek)))"
    r"(?!.*\b(?:terugbetal\w*|garand\w*|bevestig\w*|beloof\w*|bellen)\b)",
    r"(?:wilt|wil|kunt|kun|zou|zal|mag|hebt|heeft) (?:u|je|ik)\b|(?:laat|vertel|geef|stuur|noem|schrijf) (?:het "
    r")?(?:me|mij|ons)\b|"
    r"hier (?:is|zijn|vindt)\b|volg (?:deze|de volgende)\b|er zijn (?:verschillende|twee|drie) (?:manieren|"
    r"opties|mogelijkheden)\b|"
    r"het spijt (?:me|mij|ons)\b",
)

_LEADS = (
    r"^(?:(?:and|or|so|also|then|but|und|oder|aber|et|ou|mais|y|o|pero|e|mas|ma|en|of|maar|gern|gerne|yes|ja|oui|sí|"
    r"sim|sì)\s)?"
)
FRAMES = late.pattern(_LEADS + "(?:" + "|".join(f"(?:{frame})" for frame in _FRAMES) + ")")

RESTATES = late.pattern(
    _LEADS + r"(?:(?:i|we) (?:understand|see|hear|gather)\b|you(?:'re| are| were)? (?:want|wanted|said|asked|asking|"
    r"mentioned|looking|wrote|'d like|"
    r"would like|need|tried|bought|ordered|received|told|have)\b|you'd like\b|it (?:sounds|looks) like you\b|"
    r"(?:ich|wir) (?:verstehe|verstehen|sehe)\b|sie (?:möchten|wollen|haben|fragen|suchen|brauchen)\b|du "
    r"(?:möchtest|willst|hast)\b|"
    r"je (?:comprends|vois)\b|vous (?:voulez|souhaitez|avez|demandez|cherchez)\b|entiendo\b|(?:usted "
    r")?(?:quiere|desea|ha|busca)\b|"
    r"entendo\b|compreendo\b|(?:você )?(?:quer|deseja|gostaria|pediu)\b|capisco\b|(?:lei )?(?:vuole|desidera|ha)\b|"
    r"i(?:'m| am) (?:so |very )?sorry (?:to hear )?that\b|es tut mir leid\b|dass\b|je suis désolée? que\b|"
    r"siento que\b|lamento que\b|mi dispiace che\b|"
    r"ik (?:begrijp|zie)\b|u (?:wilt|heeft|hebt|zoekt|vraagt)\b|je (?:wilt|hebt|zoekt)\b)"
)

UNKNOWN = late.pattern(
    r"\b(?:not sure|unable|don't|do not|couldn't|could not|can't|cannot|didn't|did not|wasn't able|nicht|nichts|"
    r"keine?n?|ne\b.*\bpas|n'ai|"
    r"no (?:sé|puedo|encuentro|he encontrado|tengo|estoy)|não|non|niet|geen)\b"
)
"""In a frame: the honest "I don't know", which even strict mode lets pass."""

CLAIMS = late.pattern(
    r"(?:(?<!to )(?<!about )(?<!with )(?<!of )(?<!on )\bthat (?!(?:again|one|for you|with|too|now)\b)\w|"
    r"\b(?:because|since|guarantee\w*|promise\w*|confirm that|assure|dass|weil|denn|parce|car|porque|"
    r"perché|omdat|want dat|garantie\w*|did you know|wussten sie|saviez-vous|sabía que|sabia que|sapeva che|"
    r"wist u)\b)"
)

OPENS = late.pattern(
    r"^(?:if|when|once|in case|to|for|as|before|after|while|unless|wenn|falls|sobald|um|für|bevor|nachdem|si|"
    r"quand|lorsque|pour|afin|dès|"
    r"cuando|para|en caso|se|quando|caso|per|nel caso|als|wanneer|om|voor|indien)\b"
)

YES_NO = listed("yes no yep nope ja nein oui non si sim nao nee")

SOFT = listed(
    fold(
        # en
        "hello hi hey dear thanks thank welcome sorry apologies apologize apologise apology great good glad "
        "happy sure certainly course "
        "absolutely understood got fine okay ok perfect excellent wonderful problem inconvenience trouble "
        "frustrating frustration frustrated annoying "
        "morning afternoon evening day weekend bye goodbye care pleasure question questions help assist assistance "
        "assistant patience waiting wait moment sec second check look more else further anything something "
        "everything any information details "
        "answer let know ask happen happened hear understand really very much again back bit reaching reach "
        "contact contacting contacted "
        "unfortunately however indeed luck hope hopes helps best wishes regards kind kindly right away works "
        "chat soon talk welcome feel today "
        "person people human colleague colleagues mensch mitarbeiter kollege kollegen personne conseiller "
        "persona agente pessoa operatore medewerker collega "
        "see sounds summary note short step steps following follow first next finally appreciate feedback "
        # de
        "hallo guten tag morgen abend danke dank vielen schon gern gerne geschehen leid entschuldigung "
        "entschuldigen verzeihung umstande "
        "unannehmlichkeiten arger naturlich selbstverstandlich klar verstanden alles gute wiedersehen tschuss "
        "schonen wochenende frage fragen "
        "weiter weitere weiteren helfen hilfe weiterhelfen moment geduld leider sehr freut freue freuen "
        "jederzeit verfugung stehe wunsche grusse "
        "heute macht gerade freundliche freundlichen herzlich willkommen schritt schritte folgende folgenden "
        "zuerst danach liebe lieber geehrte tut mir sonst "
        # fr
        "bonjour bonsoir salut merci beaucoup plaisir desole desolee excuses excusez desagrement desagrements "
        "bien sur entendu compris "
        "parfait revoir journee soiree bonne bon continuation question questions aide aider autre chose "
        "instant patience malheureusement "
        "disposition reste cordialement aujourd'hui suivantes etapes etape voici d'accord accord "
        # es
        "hola buenos buenas dias tardes noches gracias muchas nada siento lamento disculpe disculpas molestias "
        "claro supuesto entendido "
        "perfecto adios dia pregunta preguntas ayuda ayudar ayudarle ayudarte momento paciencia "
        "lamentablemente algo mas disposicion saludos "
        "estimado estimada encantado encantada hoy siguientes pasos gusto mucho bienvenido bienvenida vaya bien "
        # pt
        "ola bom boa tarde noite obrigado obrigada nada lamento sinto desculpe desculpas transtorno incomodo "
        "claro certeza entendido perfeito "
        "tchau logo pergunta perguntas duvida duvidas ajuda ajudar ajudo momento paciencia infelizmente algo "
        "disposicao hoje atenciosamente seguintes passos "
        "prazer bem-vindo bem-vinda muito "
        # it
        "ciao buongiorno buonasera salve grazie mille prego dispiace spiace scusi scuse scusa disagio "
        "inconveniente certo certamente capito "
        "perfetto arrivederci giornata buona domanda domande aiuto aiutare aiutarla aiutarti momento pazienza "
        "purtroppo altro disposizione "
        "oggi cordiali saluti seguenti passaggi piacere benvenuto benvenuta molto presto "
        # nl
        "hallo hoi dag goedemorgen goedemiddag goedenavond bedankt dank dankjewel graag gedaan sorry spijt "
        "excuses ongemak natuurlijk "
        "zeker begrepen prima fijne fijn dag vraag vragen hulp helpen verder moment geduld helaas beschikking "
        "vriendelijke groeten welkom "
        "vandaag volgende stappen goed succes nog iets"
    )
)
"""Words of greetings, thanks, apologies and wishes: however many there are, they claim nothing."""
