"""Promises: what only a backing object may let us say, in seven languages.  Pure.

"We will call you" needs a handoff or a callback behind it, "I have refunded you" a refund.  What the company does anyway ("we
e-mail a confirmation") is not a promise of this conversation when the cited evidence says it of us too; "I" never is covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from core.guard.plain import tongue

BACKINGS: Mapping[str, frozenset[str]] = {
    "contact": frozenset(("handoff", "callback", "email", "notification", "follow_up")),
    "handoff": frozenset(("handoff",)),
    "refund": frozenset(("refund", "return")),
    "send": frozenset(("return", "shipment", "replacement", "email", "label", "exchange")),
    "cancel": frozenset(("cancellation", "return")),
    "change": frozenset(("update", "address", "change")),
    "remember": frozenset(("memory", "note", "handoff")),
}
"""Kind of promise → backing objects of which one must exist."""

_EN = {
    "contact": r"call(?:ed)?|phone|ring|contact(?:ed)?|reach out|get back|got back|follow up|e-?mail(?:ed)?|text(?:ed)?|"
    r"notify|notified|"
    r"let you know|update you|write (?:to )?you|keep you (?:posted|updated|informed)|check back|come back to "
    r"you|respond|monitor|be in touch",
    "handoff": r"escalat(?:e|ed|ing)|forward(?:ed)?|pass(?:ed)? (?:this|it|that|your|you)|transfer(?:red)?|hand(?:ed)? "
    r"(?:this|it|you|over)|"
    r"alert(?:ed)?|open(?:ed)? a (?:ticket|case)|creat(?:e|ed) a (?:ticket|case)|file(?:d)? a|rais(?:e|ed) "
    r"(?:this|a|it)|flag(?:ged)?|report(?:ed)?",
    "refund": r"refund(?:ed)?|reimburs(?:e|ed)|credit(?:ed)?|compensat(?:e|ed)|issu(?:e|ed) (?:a|you|the|your) ?(?:full |"
    r"partial )?(?:refund|credit|voucher)|"
    r"process(?:ed)? (?:a|your|the) (?:refund|return|payment)|return(?:ed)? your money|waiv(?:e|ed)",
    "send": (
        r"send(?: you)?|sent|ship(?:ped)?|mail(?:ed)?|dispatch(?:ed)?|replac(?:e|ed)|deliver(?:ed)?|arrang(?:e|ed)|"
        r"schedul(?:e|ed)|book(?:ed)?|order(?:ed)?"
    ),
    "cancel": r"cancel(?:led|ed)?|terminat(?:e|ed)|clos(?:e|ed) your|delet(?:e|ed) your",
    "change": r"updat(?:e|ed) (?:your|the)|chang(?:e|ed) (?:your|the)|correct(?:ed)? (?:your|the)|upgrad(?:e|ed) (?:your|"
    r"you)|"
    r"reset (?:your|the)|fix(?:ed)? (?:your|the|this|it)|extend(?:ed)? (?:your|the)|unlock(?:ed)? (?:your|the)",
    "remember": (
        r"remember|make a note|made a note|not(?:e|ed) (?:this|that|it|your)|sav(?:e|ed) (?:this|that|your)|kep?t? "
        r"(?:this|that) in mind|keep (?:this|that) in mind"
    ),
}
_SELF_EN = (
    r"\b(?P<who>i|we|our (?:\w+ )?(?:team|agents?|staff|colleagues?|specialists?|support)|my colleagues?|"
    r"someone|somebody|"
    r"(?:a|an|one of our) (?:\w+ )?(?:colleagues?|agents?|specialists?|representatives?|team members?|person|"
    r"human|manager))"
    r"(?:'ll|'ve| will| shall| am going to| are going to| is going to|'m going to|'re going to| have| has| am| "
    r"are|'m|'re)"
)
_WE_EN = (
    _SELF_EN
    + r"(?: (?:just|now|also|then|be|been|already|personally|gladly|immediately|certainly|soon|shortly|definitely|"
    r"automatically|gone ahead and|"
    r"make sure to|be happy to))*\s(?:(?:to )?)(?P<verb>%s)(?:ing|ting|ling|ding)?\b"
)
_DONE_EN = (
    r"\byour (?:\w+ )?(?P<who>refund|return|order|subscription|account|address|replacement|case|ticket|"
    r"request)\b[^.,;]{0,30}?"
    r"\b(?:has|have) (?:now |just |already )*been (?P<verb>processed|issued|initiated|approved|refunded|"
    r"cancell?ed|escalated|forwarded|"
    r"updated|changed|credited|started)\b"
)

_OTHERS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "contact": r"anrufen|zurückrufen|(?:rufe|rufen)\b.{0,40}\b(?:an|zurück)|(?:melde|melden) (?:mich|uns)\b|"
        r"kontaktier\w*|benachrichtig\w*|schreibe?n? (?:ihnen|dir)|"
        r"informier\w*|bescheid geben|auf (?:sie|dich) zukommen|kommen auf|mailen",
        "handoff": (
            r"weiterleit\w*|leiten?\b.{0,40}\bweiter|weitergeleitet|eskalier\w*|übergebe?n?|weitergeb\w*|"
            r"gebe?n?\b.{0,40}\bweiter|weitergegeben"
        ),
        "refund": (
            r"erstatt\w*|rückerstatt\w*|zurückerstatt\w*|zurückzahl\w*|überweis\w*|gutschreib\w*|gutgeschrieben|"
            r"schreiben?\b.{0,40}\bgut"
        ),
        "send": r"(?:zu|ver)?(?:senden?|schicken?|sende|schicke)|zugeschickt|verschickt|versandt|liefern?|ersetzen?",
        "cancel": r"stornier\w*|kündigen?|gekündigt",
        "change": r"(?:änder|aktualisier|korrigier)\w*|geändert",
        "remember": r"merken?|vermerken?|vermerkt|notier\w*|gemerkt",
    },
    "fr": {
        "contact": (
            r"(?:r?appell?er|contacter|recontacter|écrir|préviendr|informer|tiendr)(?:ai|ons|a|ont)?|recontacter?|"
            r"rappeler|reviendr(?:ai|ons)|tenir (?:informé|au courant)"
        ),
        "handoff": (
            r"transmettr(?:ai|ons|e)|transmis|transférer(?:ai|ons)?|transféré|escalader(?:ai|ons)?|fai(?:re|s|sons) "
            r"suivre|ferons suivre"
        ),
        "refund": r"rembourser(?:ai|ons)?|remboursé|créditer(?:ai|ons)?|crédité",
        "send": r"enverr(?:ai|ons)|envoyer|envoyé|expédier(?:ai|ons)?|expédié|remplacer(?:ai|ons)?|livrer(?:ai|ons)",
        "cancel": r"annuler(?:ai|ons)?|annulé|résilier(?:ai|ons)?|résilié",
        "change": r"modifier(?:ai|ons)?|modifié|changer(?:ai|ons)|corriger(?:ai|ons)",
        "remember": r"souviendr(?:ai|ons)|noter(?:ai|ons)|noté",
    },
    "es": {
        "contact": r"llamar(?:é|emos|l[eo]|te|á|án)?|contactar(?:é|emos|á|án|l[eo])?|pondr(?:é|emos|á) en contacto|"
        r"avisar(?:é|emos|l[eo]|te)?|escribir(?:é|emos|l[eo])|"
        r"informar(?:é|emos|l[eo])|notificar(?:é|emos)",
        "handoff": (
            r"transferir(?:é|emos|l[eo])?|transferido|escalar(?:é|emos)?|escalado|derivar(?:é|emos|l[eo])?|"
            r"reenviar(?:é|emos)|pasar(?:é|emos) (?:su|tu|el|este)"
        ),
        "refund": (
            r"reembolsar(?:é|emos|l[eo]|te)?|reembolsado|devolver(?:é|emos)|devolver(?:le|te)|devuelto|abonar(?:é|"
            r"emos|l[eo])?|abonado"
        ),
        "send": r"enviar(?:é|emos|l[eo]|te)|enviado|mandar(?:é|emos|l[eo])|reemplazar(?:é|emos)|sustituir(?:é|emos)",
        "cancel": r"cancelar(?:é|emos)|cancelado|anular(?:é|emos)|anulado",
        "change": r"actualizar(?:é|emos)|actualizado|cambiar(?:é|emos)|modificar(?:é|emos)|modificado",
        "remember": r"recordar(?:é|emos)|anotar(?:é|emos)|anotado",
    },
    "pt": {
        "contact": r"ligar(?:ei|emos|-lhe)?|contactar(?:ei|emos)?|contatar(?:ei|emos)?|entrar(?:ei|emos)? em contat?c?to|"
        r"avisar(?:ei|emos)?|"
        r"informar(?:ei|emos)|notificar(?:ei|emos)|retornar(?:ei|emos)?",
        "handoff": (
            r"encaminhar(?:ei|emos)?|encaminhei|transferir(?:ei|emos)?|transferi|escalar(?:ei|emos)?|passar(?:ei|"
            r"emos)"
        ),
        "refund": (
            r"reembolsar(?:ei|emos)?|reembolsei|reembolsado|devolver(?:ei|emos)|estornar(?:ei|emos)?|creditar(?:ei|"
            r"emos)?"
        ),
        "send": r"enviar(?:ei|emos)?|enviei|enviámos|mandar(?:ei|emos)|substituir(?:ei|emos)",
        "cancel": r"cancelar(?:ei|emos)?|cancelei|cancelámos",
        "change": r"atualizar(?:ei|emos)|atualizei|alterar(?:ei|emos)|alterei|mudar(?:ei|emos)",
        "remember": r"lembrar(?:ei|emos)|anotar(?:ei|emos)|anotei",
    },
    "it": {
        "contact": (
            r"(?:ri)?chiamer(?:ò|emo|à|anno)|(?:ri)?contatter(?:ò|emo|à|anno)|avviser(?:ò|emo)|scriver(?:ò|emo)|"
            r"informer(?:ò|emo)|far(?:ò|emo) sapere|(?:ri)?chiamar\w+|contattar\w+"
        ),
        "handoff": r"inoltr(?:erò|eremo|ato|are)|trasferir(?:ò|emo)|trasferito|passer(?:ò|emo)|segnaler(?:ò|emo)|segnalato",
        "refund": r"rimborser(?:ò|emo)|rimborsat\w|rimborsar\w+|accrediter(?:ò|emo)|accreditato",
        "send": r"invier(?:ò|emo)|inviat\w|spedir(?:ò|emo)|spedit\w|mander(?:ò|emo)|sostituir(?:ò|emo)",
        "cancel": r"canceller(?:ò|emo)|cancellat\w|annuller(?:ò|emo)|annullat\w|disdir(?:ò|emo)",
        "change": r"aggiorner(?:ò|emo)|aggiornat\w|modificher(?:ò|emo)|modificat\w|cambier(?:ò|emo)",
        "remember": r"ricorder(?:ò|emo)|annoter(?:ò|emo)|annotat\w",
    },
    "nl": {
        "contact": r"(?:bel|bellen)\b.{0,30}\b(?:terug|op|u|je)|terugbellen|bellen|(?:neem|nemen)\b.{0,30}\bcontact|"
        r"contact op|contacteren|mailen|laten weten|laat het (?:u|je) weten|"
        r"op de hoogte|informeren|terugkomen",
        "handoff": (
            r"doorsturen|doorgestuurd|stuur\b.{0,40}\bdoor|escaleren|geëscaleerd|doorverbinden|doorverbonden|"
            r"doorgeven|doorgegeven|geef\b.{0,40}\bdoor"
        ),
        "refund": (
            r"terugbetalen|terugbetaald|betaal\b.{0,40}\bterug|betalen\b.{0,40}\bterug|terugstorten|teruggestort|"
            r"vergoeden|vergoed"
        ),
        "send": r"(?:op|ver|toe)?(?:sturen|zenden)|gestuurd|verstuurd|verzonden|stuur (?:u|je)|vervangen|leveren",
        "cancel": r"annuleren|geannuleerd|annuleer|opzeggen|opgezegd",
        "change": r"wijzig\w*|gewijzigd|aanpassen|aangepast|bijwerken|bijgewerkt",
        "remember": r"onthouden?|onthoud|noteer|noteren|genoteerd",
    },
}
_WE: Mapping[str, str] = {
    "de": r"\b(?:(?P<who>ich|wir|jemand|unser (?:team|support)|(?:ein|unser) (?:kollege|mitarbeiter)|eine (?:kollegin|"
    r"mitarbeiterin))\s+(?:\w+\s+){0,1}?(?:werden?|wird|habe?n?|hat)\s[^.;:!?]{0,90}?\b(?P<verb>%s)"
    r"|(?P<who3>ich|wir)\s(?P<verb2>%s)|(?:werden?|habe?n?)\s(?P<who4>ich|wir)\s[^.;:!?]{0,90}?\b(?P<verb3>%s)|"
    r"(?P<verb4>%s)\s(?P<who5>ich|wir))\b",
    "fr": (
        r"\b(?P<who>je|j'|nous|on|notre équipe|quelqu'un|un (?:collègue|conseiller|agent))\s?(?:(?:vais|allons|va|"
        r"ai|avons|a)\s)?(?:(?:vous|te|le|la|les|l'|y|en|ai|avons|a)\s?|lui\s)*(?P<verb>%s)\b"
    ),
    "es": (
        r"(?P<who>\b)(?:(?:le|lo|la|les|te|nos|se|me|se lo|yo|nosotros|nuestro equipo|alguien|un agente|un "
        r"compañero)\s)*(?:(?:voy|vamos|va) a\s|he(?:mos)?\s|ha\s)?(?:ponerme en contacto\b)?(?P<verb>%s)\b"
    ),
    "pt": (
        r"(?P<who>\b)(?:(?:eu|nós|a nossa equipe|a nossa equipa|nossa equipe|alguém|lhe|o|a|te)\s)*(?:(?:vou|vamos|"
        r"vai|irei|iremos|já)\s)?(?:lhe\s|o\s|a\s|te\s)?(?P<verb>%s)\b"
    ),
    "it": (
        r"(?P<who>\b)(?:(?:io|noi|il nostro team|qualcuno|un collega|un operatore|la|lo|le|ti|vi|gli|ve lo|"
        r"glielo)\s)*(?:(?:ho|abbiamo|ha|sto per|stiamo per)\s)?(?P<verb>%s)\b"
    ),
    "nl": (
        r"\b(?:(?P<who>ik|wij|we|iemand|ons team|een (?:collega|medewerker))\s(?:zal|zullen|ga|gaan|gaat|heb|hebben|"
        r"heeft)\s[^.;:!?]{0,90}?\b(?P<verb>%s)|(?P<who3>ik|wij|we)\s(?P<verb2>%s)|(?:zal|zullen|ga|gaan|"
        r"heb)\s(?P<who4>ik|wij|we)\s[^.;:!?]{0,90}?\b(?P<verb3>%s))\b"
    ),
}
_SYNTHETIC = re.compile(r"(?:é|emos|á|án|ei|ò|emo|à|anno)(?=\s|$)")
_FRENCH = re.compile(r"r(?:ai|ons|a|ont)(?=\s|$)|\b(?:fais|faisons|vais|allons|va|ai|avons|a)\b")
_AUX = re.compile(
    r"\b(?:voy|vamos|va|he|hemos|ha|vou|vai|irei|iremos|ho|abbiamo|sto|stiamo|enviei|reembolsei|cancelei)\b"
)
_SENTENCES = re.compile(r"(?<=[.!?])\s|\n")
_HEDGE = re.compile(
    r"\b(?:if you|would you like|shall i|should i|can't|cannot|can not|won't|will not|not able|unable|"
    r"wenn sie (?:möchten|wollen|wünschen)|möchten sie|kann (?:ich|leider)? ?nicht|nicht|"
    r"si vous (?:voulez|souhaitez)|voulez-vous|souhaitez-vous|ne\b.{0,30}\bpas|si (?:quiere|desea|lo desea)|¿|"
    r"no puedo|no podemos|"
    r"se (?:quiser|desejar|preferir)|não posso|não podemos|se (?:vuole|desidera|preferisce)|non posso|non possiamo|"
    r"als u (?:wilt|dat wilt)|wilt u|kan (?:ik )?niet|niet)\b"
)

HONEST: Mapping[str, str] = {
    "en": "I can't do that from here myself; if you like, I can bring in a person.",
    "de": "Das kann ich von hier aus nicht selbst tun; wenn Sie möchten, hole ich eine Person dazu.",
    "fr": "Je ne peux pas le faire moi-même d'ici ; si vous le souhaitez, je peux faire venir une personne.",
    "es": "No puedo hacerlo yo mismo desde aquí; si quiere, puedo traer a una persona.",
    "pt": "Não posso fazer isso daqui; se quiser, posso chamar uma pessoa.",
    "it": "Non posso farlo io da qui; se vuole, posso chiamare una persona.",
    "nl": "Dat kan ik van hieruit niet zelf doen; als u wilt, haal ik er een medewerker bij.",
}
"""Said instead of a promise nothing stands behind."""


_SPEAKS_EN = re.compile(rf"{_SELF_EN}|\byour ")
"""What begins every English promise."""


@lru_cache(maxsize=8)
def _patterns(language: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    if language not in _OTHERS:
        ours = [(kind, re.compile(_WE_EN % verbs)) for kind, verbs in _EN.items()]
        return (*ours, ("refund", re.compile(_DONE_EN)))
    frame = _WE[language]
    return tuple((kind, re.compile(frame.replace("%s", verbs))) for kind, verbs in _OTHERS[language].items())


def promised(text: str, language: str) -> Iterator[tuple[str, str, bool]]:
    """The promises of a plain text: (kind, the words, whether it is the assistant's own "I")."""
    low = text.lower().replace("’", "'")
    if low.rstrip().endswith(("?", "？")):
        return
    if language not in _OTHERS and not _SPEAKS_EN.search(low):
        return
    for kind, pattern in _patterns(language):
        for m in pattern.finditer(low):
            if _is_promise(m, low, language):
                yield kind, m[0].strip(), _is_own(m, language)
                break


def _is_promise(m: re.Match[str], low: str, language: str) -> bool:
    if language in ("es", "pt", "it") and not (_SYNTHETIC.search(m["verb"]) or _AUX.search(m[0])):
        return False
    if language == "fr" and not _FRENCH.search(m[0]):
        return False
    clause = low[max(low.rfind(mark, 0, m.start()) for mark in ".;!:") + 1 : m.end()]
    return not _HEDGE.search(clause)


def _is_own(m: re.Match[str], language: str) -> bool:
    groups = m.groupdict()
    who = next((groups[name] for name in ("who", "who3", "who4", "who5") if groups.get(name)), "")
    if language in ("es", "pt", "it"):
        return bool(re.search(r"(?:é|ei|ò)$|\b(?:voy|he|vou|irei|ho|sto)\b", m[0].strip()))
    return who in ("i", "ich", "je", "j'", "ik")


def unbacked(
    text: str, language: str, *, backed: frozenset[str], cited: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """Promises nothing stands behind, as (kind, words); what the cited texts say of us is no promise of ours."""
    for kind, shown, is_own in promised(text, language):
        if BACKINGS[kind].isdisjoint(backed) and (is_own or not any(kind in kinds_in(text) for text in cited)):
            yield kind, shown


@lru_cache(maxsize=256)
def kinds_in(evidence: str) -> frozenset[str]:
    """The kinds of promises a text of the company makes in its name, in the text's language."""
    language, lines = tongue(evidence), _SENTENCES.split(evidence[:20_000])
    return frozenset(kind for line in lines for kind, _, _ in promised(line, language))
