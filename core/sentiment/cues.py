"""Signs of impatience and of haste in seven languages, folded; matched against folded text.

Where a word ends there is a ``\\b``, too: the look at what follows spares all the phrases that place.
"""

from __future__ import annotations

from typing import Final

from core import late

FED_UP: Final = late.pattern(
    r"\b(?=\w)(?:(?:second|third|fourth|fifth|tenth|2nd|3rd|4th|5th|last) time|how many times|times already|over and over|"
    r"(?:yet )?once again|"
    r"still (?:not|no|have(?:n'?t)?|hasn'?t|haven'?t|isn'?t|doesn'?t|can'?t|won'?t|don'?t|waiting|broken|nothing|the same)|"
    r"(?:already|just) (?:said|told you|asked|explained|tried|did|sent|gave)|i (?:already|keep|told you|have been waiting)|"
    r"(?:waiting|waited) (?:for )?(?:\w+ )?(?:days|weeks|months|hours|ages|forever)|no(?:body| one) (?:replies|replied|responds|"
    r"responded|answers|answered|helps|helped|cares|called)|no (?:reply|response|answer)|same (?:question|answer|problem|thing)|"
    r"not (?:helping|helpful|what i asked)|(?:did|does)(?:n'?t| not) (?:help|answer)|fed up|had enough|sick of|waste of time|"
    r"immer noch|schon wieder|zum (?:zweiten|dritten|vierten|x-ten) mal|wie oft|seit (?:tagen|wochen|monaten)|bereits (?:gesagt|"
    r"geschrieben)|schon (?:gesagt|geschrieben|gefragt)|keine (?:antwort|reaktion)|hilft nicht|reicht mir|"
    r"toujours (?:pas|rien|aucun\w*)|encore une fois|(?:deuxieme|troisieme|quatrieme|enieme) fois|combien de fois|"
    r"deja (?:dit|demande|explique|ecrit)|depuis des (?:jours|semaines|mois)|aucune reponse|ras le bol|marre|"
    r"sigo (?:sin|esperando)|todavia no|otra vez|(?:segunda|tercera|cuarta|enesima) vez|cuantas veces|"
    r"ya (?:dije|pregunte|le dije|he dicho|os dije)|sin respuesta|llevo \w+ (?:dias|semanas|meses|horas)|estoy harto|estoy harta|"
    r"ainda nao|de novo|outra vez|(?:segunda|terceira|quarta) vez|quantas vezes|ja (?:disse|perguntei|expliquei)|sem resposta|"
    r"ancora (?:non|nessun\w*|niente)|di nuovo|(?:seconda|terza|quarta|ennesima) volta|quante volte|"
    r"ho gia (?:detto|chiesto|scritto)|"
    r"nessuna risposta|da (?:giorni|settimane|mesi)|"
    r"nog steeds|alweer|(?:tweede|derde|vierde) keer|hoe vaak|"
    r"al (?:gezegd|gevraagd|dagen|weken|maanden)|geen (?:antwoord|reactie))\b"
)

SWEARING: Final = late.pattern(
    r"\b(?=\w)(?:wtf|damn(?:ed)?|crap|bullshit|shit\w*|fuck\w*|idiots?|bastards?|scheiss\w*|verdammt\w*|mist|merde|putain|bordel|"
    r"mierda|joder|merda|porra|caralho|cazzo|stronz\w+|klote|kut|verdomme|godverdomme)\b"
)

NOW: Final = late.pattern(
    r"\b(?=\w)(?:urgent(?:ly)?|urgency|asap|emergency|immediately|right (?:now|away)|as soon as possible|at once|instantly|"
    r"time[- ]sensitive|critical|"
    r"dringend\w*|eilt|eilig\w*|sofort\w*|umgehend\w*|notfall|so schnell wie moglich|schnellstmoglich\w*|unverzuglich|"
    r"urgen(?:t|te|ts|tes|ce|cia|za|temente|temment)|immediat\w*|tout de suite|au plus vite|des que possible|"
    r"inmediat\w*|cuanto antes|lo antes posible|ahora mismo|emergencia|"
    r"o mais rapido possivel|quanto antes|agora mesmo|emergencia|imediat\w*|"
    r"subito|il prima possibile|al piu presto|emergenza|"
    r"dringend|spoed\w*|onmiddellijk|meteen|zo snel mogelijk|noodgeval)\b"
)

SOON: Final = late.pattern(
    r"\b(?=\w)(?:today|tonight|tomorrow|this (?:morning|afternoon|evening)|deadline|due (?:today|tomorrow|in)|"
    r"within (?:the |an |one )?(?:hour|\d+ (?:minutes|hours))|in (?:an|one|\d+) (?:hours?|minutes)|"
    r"by (?:tonight|noon|monday|tuesday|wednesday|thursday|friday|saturday|sunday|end of day|eod)|"
    r"before (?:tonight|tomorrow|noon|my (?:flight|trip|meeting))|running out of time|quickly|hurry|"
    r"heute|(?<!guten )(?<!goede )morgen|frist|bis (?:montag|dienstag|mittwoch|donnerstag|freitag|heute|morgen)|schnell|"
    r"aujourd'hui|demain|ce soir|ce matin|date limite|delai|vite|rapidement|"
    r"hoy|manana|esta (?:tarde|noche)|plazo|fecha limite|rapido|rapidamente|"
    r"hoje|amanha|prazo|esta noite|depressa|"
    r"oggi|domani|stasera|scadenza|entro|in fretta|"
    r"vandaag|vanavond|deadline|snel|haast)\b"
)

STOPPED: Final = late.pattern(
    r"\b(?=\w)(?:stuck|stranded|blocked|locked out|(?:can(?:'?t|not)|unable to) (?:work|log ?in|sign ?in|access|get in|use|"
    r"pay|open)|(?:is|are|everything is|site is|system is) down|not working at all|losing (?:money|customers|sales)|all of us|"
    r"kann nicht (?:arbeiten|weiterarbeiten)|gesperrt|ausgesperrt|steht still|nichts geht|komme nicht (?:rein|weiter)|"
    r"bloque\w*|(?:ne )?(?:peux|peut|pouvons) (?:pas|plus) (?:travailler|acceder|me connecter)|en panne|"
    r"bloquead\w+|no puedo (?:trabajar|entrar|acceder|pagar)|atascad\w+|"
    r"nao consigo (?:trabalhar|entrar|acessar|aceder|pagar)|travad\w+|"
    r"bloccat\w+|non (?:posso|riesco a) (?:lavorare|accedere|entrare|pagare)|"
    r"kan niet (?:werken|inloggen)|geblokkeerd|vastgelopen|ligt (?:plat|stil))\b"
)
