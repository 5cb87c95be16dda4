"""What a message is before it is a value: a wish to stop, a yes or a no, a question.  Pure, seven languages."""

from __future__ import annotations

import re

from core.steps.asks import agrees
from core.words import listed, sentences, stop_words, words

MAX_CHARS = 2_000
"""More than this of a message decides nothing here."""

_STOP = (
    "cancel|cancel (?:it|this|that)|stop|stop (?:it|this|that)|never ?mind|forget (?:it|this|that|about it)|abort|quit|exit|"
    "leave it|"
    "abbrechen|abbruch|bitte abbrechen|stopp|aufhoren|vergiss es|vergessen sie es|egal|lass es|lassen sie es|schon gut|"
    "annuler|annulez|arreter|arretez|arrete|laisse tomber|laissez tomber|peu importe|"
    "cancelar|cancela|cancele|parar|para|pare|detener|dejalo|dejelo|olvidalo|olvidelo|da igual|no importa|"
    "deixa|deixe|deixa pra la|deixe para la|esquece|esqueca|esqueca isso|"
    "annulla|annullare|annulli|fermati|si fermi|lascia stare|lasci stare|lascia perdere|lasci perdere|non importa|basta|"
    "annuleren|annuleer|afbreken|ophouden|laat maar|vergeet het|hou op|stoppen"
)
_AROUND_STOP = listed(
    "please pls ok okay no nein non nee bitte danke thanks thank you sorry oh ah s il vous plait por favor per aub"
)
_STOPS = re.compile(rf"(?:{_STOP})")

_NO = listed("no nope nah nein nee neen ne non nao never not nicht niet lieber pas jamais nunca mai nooit")
_YES = listed(
    "yes yeah yep yup ja jawohl oui si sim da correct right true exactly richtig genau stimmt correcto certo esatto klopt juist"
)
_WITH = listed(
    "please pls thanks thank you danke bitte merci gracias obrigado obrigada grazie bedankt dank ok okay it is das ist es stimmt "
    "that s c est fue e don't do it now jetzt lieber doch not nicht really sorry i m i'm it's that's s'il c'est afraid leider "
    "sir madam por favor per il vous plait alstublieft aub si prego"
)
_HEAD = re.compile(r"[,.;!:\n–—]")

_QUESTION_WORDS = {
    "en": "what why how when where who whom whose which can could do does did is are will would should may whats hows wheres",
    "de": "was warum wieso weshalb wie wann wo woher wohin wer wen wem welche welcher welches wieviel kann konnen darf gibt",
    "fr": "que quoi pourquoi comment quand qui quel quelle quels quelles combien puis peut pouvez",
    "es": "que cual cuales cuando donde como cuanto cuanta cuantos quien puedo puede pueden hay",
    "pt": "que qual quais quando onde como quanto quanta quem posso pode podem ha",
    "it": "che cosa come quando dove quanto quanta chi quale quali perche posso puo",
    "nl": "wat waarom hoe wanneer waar wie welke welk hoeveel kan kunnen kunt mag",
}
_ASKING = {language: listed(text) for language, text in _QUESTION_WORDS.items()}
_ALSO_STATING = listed(
    "when which as who whose wie quand que qui cuando como quando che come chi cosa wanneer is are do did will may"
)
"""Words that start statements as often; for free text they need the question mark."""

_LEAD = listed(
    "hi hello hey hallo bonjour hola ola ciao hoi and but so also sorry ok okay und aber et mais y pero e mas ma en maar well"
)
_SHORT = 12
"""Words: a longer message without a question mark is a story, however it starts."""

_OK = listed("ok okay fine good possible enough gut moglich passt bien bueno bom bene goed")


def wants_to_stop(text: str) -> bool:
    """Whether the whole message says that the contact wants no more of this."""
    said = words(text[:MAX_CHARS])
    if not 0 < len(said) <= 8:
        return False
    while said and said[0] in _AROUND_STOP:
        said = said[1:]
    for end in range(len(said), 0, -1):
        if _STOPS.fullmatch(" ".join(said[:end])):
            return all(word in _AROUND_STOP for word in said[end:])
    return False


def yes_or_no(text: str) -> bool | None:
    """True for nothing but a yes, False for nothing but a no, None for anything else ("yes, but …" is neither)."""
    said = words(text[:MAX_CHARS])
    if not 0 < len(said) <= 8 or text.rstrip().endswith("?"):
        return None
    is_yes, is_no = any(word in _YES for word in said), said[0] in _NO
    if is_no and not any(word in _YES - _WITH for word in said) and all(word in _NO or word in _WITH for word in said):
        return False
    if is_no or any(word in _NO for word in said):
        return None
    if agrees(text):
        return True
    return True if is_yes and said[0] in _YES and all(word in _YES or word in _WITH for word in said) else None


def begins_with_yes_or_no(text: str) -> bool | None:
    """The same for the words before the first mark: "no, it is opened"; not safe enough for a confirmation."""
    plain = yes_or_no(text)
    return plain if plain is not None else yes_or_no(_HEAD.split(text.strip(), maxsplit=1)[0])


def is_question(text: str, language: str, *, strict: bool = False) -> bool:
    """Whether a sentence asks something.  ``strict``: a question mark, or a start that is hardly ever a statement's."""
    if text.rstrip().rstrip("\"'”’)»").endswith(("?", "？", "؟")):
        return True
    said = words(text[:MAX_CHARS])
    while said and said[0] in _LEAD:
        said = said[1:]
    asking = _ASKING.get(language, _ASKING["en"])
    if strict:
        asking = asking - _ALSO_STATING
    return 1 <= len(said) <= _SHORT and said[0].partition("'")[0] in asking


def parted(text: str, language: str, *, strict: bool = False) -> tuple[str, str]:
    """What the contact states and what they ask, sentence by sentence."""
    stated: list[str] = []
    asked: list[str] = []
    for line in text[:MAX_CHARS].splitlines():
        for sentence in sentences(line):
            (asked if is_question(sentence, language, strict=strict) else stated).append(sentence)
    return " ".join(stated), " ".join(asked)


def is_only_about(rest: str, language: str) -> bool:
    """Whether nothing that tells anything is left of a message beside its value."""
    known = stop_words(language)
    return all(word in known or word in _OK for word in words(rest))


def plain(text: str) -> str:
    """For comparing labels: folded words with spaces between."""
    return " ".join(words(text))
