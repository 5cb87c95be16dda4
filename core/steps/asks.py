"""Does the contact ask for a person?  Phrases of seven languages over a normalised text.  Pure.

Two kinds of evidence count: a whole phrase ("could you put me through to somebody"), or a message that is nothing but the wish
("human pls").  Mentions of people do not: "the person who delivered it", "the human resources page".
"""

from __future__ import annotations

import re

from core import late
from core.spelling import Slips
from core.steps.about import asked_in
from core.words import fold, listed

MAX_CHARS = 2_000
"""A wish for a person stands in what people write, not in the log file they paste after it."""

SHORT_CHARS = 200
"""In a message as short as this the wish may follow a question: "Am I talking to a bot? Human please!"."""

_WORDS_AND_MARKS = late.pattern(r"[^\W_]+|[.?!;:\n]")

_SLIPS = listed(
    "human person agent representative operator someone somebody actual speak connect transfer escalate "
    "mitarbeiter menschen mensch sprechen berater conseiller personne humain parler persona agente hablar humano "
    "atendente falar pessoa operatore parlare umano medewerker spreken"
)
"""Words that are recognised one slip of the finger away."""

_NOT_SLIPS = listed(
    "personal personas personnes person's argent agents personen humane humana humans urgent operate operated operates "
    "operators parle parles parler spoken speaks spreek mense agenten personnel talker humor women parlare hablare "
    "spreche"
)
_MEANT = Slips(_SLIPS, kept=_NOT_SLIPS)

_ADJ = (
    r"(?:(?:real|live|actual|human|physical|proper|living|breathing|competent|qualified|other|another|different|"
    r"customer|"
    r"support|service|care|sales|helpdesk|call centre|call center|billing|technical|your|one|of) ){0,5}"
)
_NOUN = (
    r"(?:human(?: being)?s?|persons?|people|agents?|representatives?|reps?|operators?|advis[eo]rs?|staff(?: members?)?|"
    r"employees?|team members?|supervisors?|managers?|colleagues?|consultants?|specialists?)"
)
_NOUN_EN = rf"{_ADJ}{_NOUN}"
_LOOSE_EN = (
    rf"{_ADJ}(?:{_NOUN}|some ?one|some ?body|any ?one|any ?body|team|"
    r"customer (?:service|support|care)|support|service desk)"
)
_END = (
    r"(?= (?:[.?!;]|please|pls|plz|now|here|asap|to|that|who|which|can|could|about|on|for|with|from|in|and|or|not|instead|"
    r"because|right|today|thanks|thank|immediately|at|rather|if|is|there|available)|$)"
)
_NOT_A_PERSON = (
    r"(?! (?:s |resources?|rights|errors?|readable|id|ids|names?|numbers?|fees?|commissions?|portal|dashboard|"
    r"licen[cs]es?|"
    r"account|fields?|pages?|section|hours|button|settings|roles?|seats?|profiles?|strings?|verification|body|hair|"
    r"plans?|"
    r"tickets?|limit|to (?:sign|pick|collect|receive|accept|deliver|install|carry|share)|who (?:delivered|brought|"
    r"sent|took|"
    r"received|installed|made|sold|signed|came|called)|that (?:delivered|brought|sent|took|sold|made|came)))"
)

_EN = (
    rf"\b(?:talk|speak|chat|converse|communicate|(?:a|have a|get a) (?:chat|word|conversation|call)) (?:\w+ "
    rf"){{0,2}}?(?:to|with) "
    rf"(?!(?:the|that|this) (?:person|people|agent|man|woman) (?:who|that|from))(?:a |an |the |any |some |your |my |"
    rf"one of your )?{_LOOSE_EN}{_NOT_A_PERSON}",
    rf"\b(?:(?:connect|transfer|put|pass|hand|switch|route|redirect|refer|direct|patch) (?:me|us|this (?:chat|case|"
    rf"conversation|issue|request)|(?:my|the) (?:chat|case|conversation|issue|request))|(?:^|(?<=[.?!] )|please |pls "
    rf")(?:connect|transfer|pass))"
    rf" ?(?:over |through |on |back |up )?(?:directly )?(?:to|with) (?:a |an |the |any |some |your |one of your "
    rf")?{_LOOSE_EN}{_NOT_A_PERSON}",
    rf"\b(?:escalate|forward) (?:\w+ ){{0,3}}?to (?:a |an |the |any |some |your )?{_LOOSE_EN}{_NOT_A_PERSON}",
    rf"\b(?:get|give|find|bring|send|fetch|call|show) (?:me|us|in) (?:in |over )?(?:a |an |the |any |some |your "
    rf")?{_NOUN_EN}{_NOT_A_PERSON}{_END}",
    rf"\b(?:get|give|find|bring) (?:me|us) (?:some ?one|some ?body)(?: real| else| human)?{_END}",
    rf"\b(?:want|need|prefer|demand|require|wanna|would like|d like|would love|would rather have|d rather have|"
    rf"rather have|insist on|can i (?:get|have)|could i (?:get|have)|may i have|asked for|ask for|asking for|looking "
    rf"for|let me (?:have|get)) "
    rf"(?:to (?:see|reach|contact|get|have) )?(?:a |an |the |any |some |another )?{_NOUN_EN}{_NOT_A_PERSON}{_END}",
    rf"\b(?:reach|contact|get hold of|get a hold of|get in touch with|get through to) (?:(?:a |an |any |some |your "
    rf"){_ADJ}|(?=human|agent))(?:human(?: being)?|(?:real|live|actual) (?:person|agent|people)|agent|representative|"
    rf"rep|operator|somebody|someone|person){_NOT_A_PERSON}",
    rf"\b(?:is|are) there (?:a |an |any |some ){_NOUN_EN}(?: here| there| available| around| i can| who can| to talk|"
    rf" online| in this)",
    r"\bis (?:anyone|anybody|someone|somebody) (?:real|human|there|here|available)\b",
    r"\b(?:let|have|can|could|may) (?:a |an |some )(?:real |live |actual )?(?:human|person|agent|representative|"
    r"operator) (?:please )?(?:help|assist|look|handle|answer|call|contact|take|deal|reply|respond|get|talk|speak|"
    r"check)",
    r"\b(?:have|get|ask) (?:a |an )?(?:some ?one|some ?body|human|person|agent|representative) (?:to )?(?:call|"
    r"contact|phone|ring|email) me\b",
    r"\b(?:do not|don t|dont) (?:want|wish|like) to (?:talk|speak|chat|deal|write) (?:to|with) (?:a |an |the |this |"
    r"your |some )?(?:\w+ )?(?:bot|robot|machine|computer|chatbot|ai)\b",
    r"\b(?:not|no more|stop (?:the|this)) (?:a |an |the )?(?:ro|chat)?bots?\b(?= (?:[.?!]|please|$))",
)
_DE_NOUN = (
    r"(?:(?:echte[nmrs]?|richtige[nmrs]?|wirkliche[nmrs]?|lebende[nmr]?|anderen?|eurer?|ihrer?|eurem|ihrem|vom|aus|"
    r"dem|der) )*"
    r"(?:mensche?n?|person(?:en)?|mitarbeiter(?:in|n)?|(?:kunden)?berater(?:in|n)?|kundendienst|kundenservice|"
    r"kundenbetreuer|"
    r"support(?:mitarbeiter)?|jemande[mn]|jemand|agenten?|kolleg(?:en|in)|ansprechpartner(?:in)?|sachbearbeiter|"
    r"support ?team)"
)
_DE_TALK = (
    r"(?:sprech\w*|red(?:en|e)|chatten|schreiben|telefonieren|verbind\w*|verbunden|unterhalten|weiterleiten|"
    r"weitergeleitet|kontakt\w*)"
)
_DE = (
    rf"\b(?:mit|an|zu) (?:(?:einem|einer|einen|ner|nem|euch|irgend) )?{_DE_NOUN} (?:(?!nicht)\w+ ){{0,3}}?{_DE_TALK}\b",
    rf"\b{_DE_TALK} (?:\w+ ){{0,3}}?(?:mit|an|zu) (?:(?:einem|einer|einen|nem|ner) )?{_DE_NOUN}(?! (?:der|die|das|"
    rf"dem) )\b",
    rf"\b(?:brauche|will|mochte|moechte|hatte gern|verlange|wunsche|gib mir|geben sie mir|gibt es|hol(?:en sie)? "
    rf"mir) (?:bitte |jetzt |hier |gern |gerne |sofort )*(?:einen?|ne|nen) (?:echten?|richtigen?|wirklichen?) "
    rf"?{_DE_NOUN}",
    r"\b(?:will|mochte|brauche|moechte) (?:bitte |jetzt )*(?:einen?) (?:menschen?|mitarbeiter|berater|"
    r"ansprechpartner)(?= (?:sprechen|[.?!]|bitte|$|haben|der mir))",
    r"\b(?:ruf\w*|holen?) (?:\w+ )?(?:einen? )?(?:echten? )?(?:menschen|mitarbeiter)\b",
)
_FR_NOUN = (
    r"(?:(?:vraie?|veritable|autre|de|votre|du|un|une|des|l|la|le|en) )*(?:humaine?|etre humain|personne(?: reelle| "
    r"physique)?|conseillere?|conseiller(?:e)?|"
    r"agent|operat(?:eur|rice)|representante?|quelqu un|employee?|responsable|service client|collaborat(?:eur|rice)|"
    r"support)"
)
_FR = (
    rf"\b(?:parler|discuter|echanger|parle|communiquer|chatter|tchatter) (?:\w+ ){{0,2}}?(?:a|avec|au) (?!la "
    rf"personne (?:qui|que)){_FR_NOUN}",
    r"\b(?:joindre|contacter|avoir) (?:un|une) (?:vraie? |veritable )?(?:humain|conseillere?|agent|operateur|"
    r"personne)(?! (?:qui|a charge|de))",
    rf"\b(?:passez|passe|mettez|met|mets|transferez|transfere|connectez|connecte) (?:moi|nous) (?:\w+ "
    rf"){{0,4}}?{_FR_NOUN}",
    rf"\b(?:transfere|passe|mis en relation|mettre en relation|transferer|etre mis en contact) (?:\w+ ){{0,2}}?(?:a|"
    rf"avec|vers) {_FR_NOUN}",
    r"\b(?:je veux|je voudrais|j ai besoin d|il me faut|j aimerais|je souhaite) (?:avoir )?(?:un|une) (?:humain|"
    r"vraie personne|conseillere?|vrai (?:humain|conseiller)|agent humain|personne (?:reelle|humaine)|operateur)",
)
_ES_NOUN = (
    r"(?:(?:una?|algun|alguna|el|la|un|otra?|su|de|verdadera?) )*(?:human[oa]|ser humano|persona(?: real| humana| de "
    r"verdad)?|agente|asesor[a]?|representante|"
    r"operador[a]?|alguien|ejecutiv[oa]|emplead[oa]|encargad[oa]|supervisor[a]?|atencion al cliente|soporte|gerente)"
)
_ES = (
    rf"\b(?:hablar|hablo|habla|chatear|comunicarme|comunicarse|conversar|contactar|contactarme|platicar|comunicar|"
    rf"ponerme en contacto|ponerse en contacto) (?:\w+ ){{0,2}}?con (?!la persona que){_ES_NOUN}",
    rf"\b(?:pasame|paseme|pasenme|transfiereme|transfierame|transferirme|pasarme|comuniqueme|comunicame|conecteme|"
    rf"conectame|conectarme|ponme|pongame|derivame|deriveme) (?:\w+ ){{0,2}}?(?:con|a) {_ES_NOUN}",
    r"\b(?:quiero|necesito|quisiera|prefiero|dame|deme|me gustaria) (?:hablar con )?(?:una? )(?:humano|agente humano|"
    r"agente|asesor|persona (?:real|humana|de verdad)|operador|representante|ser humano)(?! de (?:venta|seguro|"
    r"inmobili))",
)
_PT_NOUN = (
    r"(?:(?:uma?|algum|alguma|o|a|outra?|seu|de|verdadeira?) )*(?:human[oa]|ser humano|pessoa(?: real| humana| de "
    r"verdade)?|atendente|agente|alguem|"
    r"representante|operador[a]?|funcionari[oa]|gerente|supervisor[a]?|suporte|atendimento(?: ao cliente| humano)?|"
    r"assistente humano)"
)
_PT = (
    rf"\b(?:falar|falo|conversar|contactar|contatar|comunicar|tratar|entrar em contato) (?:\w+ ){{0,2}}?com (?!a "
    rf"pessoa que){_PT_NOUN}",
    rf"\b(?:transfira|transfere|transferir|passa|passe|passar|conecte|conecta|ligue|encaminhe|encaminhar|coloque) "
    rf"(?:\w+ ){{0,2}}?(?:para|a|com|ao) {_PT_NOUN}",
    r"\b(?:quero|preciso de|preciso|gostaria de|queria) (?:falar com )?(?:uma? )(?:humano|atendente|pessoa (?:real|"
    r"de verdade|humana)|operador|atendimento humano|agente humano)",
)
_IT_NOUN = (
    r"(?:(?:una?|un|il|la|l|qualche|altro|vostro|vero|vera|del) )*(?:uman[oa]|essere umano|persona(?: reale| vera| "
    r"umana)?|operat(?:ore|rice)|agente|qualcuno|"
    r"consulente|addett[oa]|responsabile|servizio clienti|assistenza(?: clienti)?|rappresentante|collega)"
)
_IT = (
    rf"\b(?:parlare|parlo|chattare|comunicare|parlarne|discutere) (?:\w+ ){{0,2}}?con (?!la persona che){_IT_NOUN}",
    rf"\b(?:mi (?:passi|passa|passate|metta|metti|colleghi|trasferisca|trasferisci)|passami|passatemi|mettetemi|"
    rf"mettimi|collegami|trasferiscimi) (?:\w+ ){{0,3}}?{_IT_NOUN}",
    r"\b(?:voglio|vorrei|ho bisogno di|mi serve|preferisco) (?:un |una |uno )(?:operatore|operatrice|umano|essere "
    r"umano|persona (?:reale|vera|umana)|operatore umano|agente umano)",
    r"\b(?:contattare|raggiungere) (?:un |una )(?:operatore|operatrice|umano|persona reale)",
)
_NL_NOUN = (
    r"(?:(?:een|echte?|n|iemand|andere|van|de|het|jullie|levend) )*(?:mens|persoon|medewerk(?:er|ster)|iemand|"
    r"collega|agent|klantenservice|"
    r"adviseur|helpdesk|support)"
)
_NL = (
    rf"\b(?:praten|spreken|chatten|spreek|praat|bellen|overleggen) (?:\w+ ){{0,2}}?(?:met|tegen) (?!de persoon "
    rf"die){_NL_NOUN}",
    rf"\b(?:met|naar) {_NL_NOUN} (?:\w+ ){{0,2}}?(?:praten|spreken|chatten|verbinden|verbonden|doorverbinden|"
    rf"doorverbonden|overleggen)",
    rf"\b(?:verbind|verbindt|verbinden|doorverbinden|zet) (?:\w+ ){{0,3}}?(?:met|naar|aan) {_NL_NOUN}",
    rf"\b{_NL_NOUN} (?:te |graag )?(?:spreken|spreek)\b",
    r"\b(?:ik wil|ik wens|mag ik|kan ik|geef me|geef mij|ik heb liever) (?:graag )?(?:een )(?:echte? )?(?:mens|"
    r"medewerker|persoon|collega)(?= (?:[.?!]|spreken|graag|aub|alstublieft|$|aan))",
)

_PHRASES = late.pattern(rf"\b(?=\w)(?:{'|'.join(f'(?:{p})' for p in (*_EN, *_DE, *_FR, *_ES, *_PT, *_IT, *_NL))})")

_REFUSED = late.pattern(
    r"\b(?:(?:do not|don t|dont|doesn t|didn t|never|no longer) (?:really )?(?:want|need|wish|like|have)(?: to)?"
    r"|no need (?:to|for)|not necessary to|without (?:having to |needing to )?|instead of|rather than|rather not|avoid|"
    r"not (?:want|wish|need) to|ohne|kein(?:en?)?|(?:mochte|will|muss|brauche) nicht|statt|je ne (?:veux|voudrais) pas|"
    r"no (?:quiero|necesito|hace falta)|sin|nao (?:quero|preciso)|sem|non (?:voglio|vorrei|serve)|senza|niet|geen|"
    r"zonder) (?:\w+ ){0,2}?$|\bdo (?:i|we|you|they) (?:really )?(?:need|have) to $"
)
_NOT_REFUSED = late.pattern(r"\b(?:bot|robot|machine|computer|chatbot|ai)\b")
_TOLD = late.pattern(
    r"\b(?:(?:i|we|he|she|they) (?:already )?(?:was|were|had been|have been|been|got to|managed to)|did i|am i|are "
    r"we|is this) (?:\w+ )?$"
)
_TOLD_OF = late.pattern(r"\b(?:talking|speaking|chatting)\b")

_WISH = listed(
    "human humans agent agents person people representative rep operator advisor supervisor mensch menschen "
    "mitarbeiter mitarbeiterin "
    "berater kundenberater humain conseiller conseillere operateur humano humana persona agente asesor operador "
    "atendente pessoa "
    "umano operatore operatrice mens medewerker livechat"
)
_FILLER = listed(
    "a an the any some your my to with me i want need would like d get give can could may have please pls plz now hi "
    "hello hey ok okay "
    "yes yeah just real live actual another other someone somebody being chat talk speak thanks thank you asap "
    "immediately customer "
    "service support help is there here in for s bitte einen ein eine echten echter echte richtigen mit sprechen "
    "reden ich mochte will hallo "
    "brauche un une vrai vraie s il vous plait avec parler je veux voudrais bonjour reel reelle una real hablar con "
    "por favor quiero "
    "necesito hola um uma falar com quero preciso ola vero vera parlare vorrei voglio favore per ciao een echt echte "
    "spreken praten graag "
    "met wil ik aub alstublieft der den dem verdad de atencion cliente"
)
_YES = listed(
    "yes yeah yep yup sure ok okay please ja jawohl gern gerne jo oui volontiers si claro sim certo bene graag prima "
    "definitely absolutely "
    "do it go ahead"
)
_SENTENCE_MARKS = frozenset(".?!;:\n")
_SENTENCE = re.compile(r"[^.?!]+[.?!]?")


def normalise(text: str) -> str:
    """Folded words with spaces between; sentence marks stand as words of their own."""
    tokens = _WORDS_AND_MARKS.findall(fold(text[:MAX_CHARS]))
    return " ".join("." if word in ";:\n" else _MEANT(word) for word in tokens)


def asks_for_person(text: str) -> bool:
    """Whether the contact asks, in so many words, to be helped by a human being.

    "Am I talking to a human?" asks who answers here, and is no such wish by itself.
    """
    said = normalise(text)
    sentences = _SENTENCE.findall(said)
    if not _asks(said) and (len(sentences) == 1 or len(said) > SHORT_CHARS):
        return False
    return _asks(" ".join(sentence.strip() for sentence in sentences if not asked_in(sentence)))


def _asks(said: str) -> bool:
    return _is_only_the_wish(said) or any(_is_meant(said, found) for found in _PHRASES.finditer(said))


def agrees(text: str) -> bool:
    """Whether the message is nothing but a yes."""
    told = [token for token in normalise(text).split() if token not in _SENTENCE_MARKS]
    return 0 < len(told) <= 5 and told[0] in _YES and all(token in _YES or token in _FILLER for token in told)


def _is_only_the_wish(said: str) -> bool:
    told = [token for token in said.split() if token not in _SENTENCE_MARKS]
    if not told or len(told) > 8:
        return False
    return any(token in _WISH for token in told) and all(token in _WISH or token in _FILLER for token in told)


def _is_meant(said: str, found: re.Match[str]) -> bool:
    if _NOT_REFUSED.search(found.group()):
        return True
    before = said[: found.start()].rpartition(".")[2].rpartition("?")[2].rpartition("!")[2]
    is_told = _TOLD_OF.search(found.group()) and _TOLD.search(before)
    return not (_REFUSED.search(before) or is_told)
