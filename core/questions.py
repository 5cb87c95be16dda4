"""How one question is compared with another: the form in which equal ones are equal, and whether one is about the asker's own
things.  Pure, in seven languages.

Two questions that get the same key get the same answer, so the key gives up only what changes nothing: case, accents, endings,
articles, politeness.  Question words, prepositions, negations, numbers and the order of words stay: "When …" is not "Where …",
and "from Paris to London" is not the way back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from core import late
from core.entities import entities
from core.words import fold, listed, stem

MAX_WORDS = 40
"""A longer message tells a story; nobody else will tell the same."""

_TOKEN = late.pattern(r"[€$£]?[^\W_]+(?:[.,:/\-'’+&][^\W_]+)*[%€$£]?")
_THOUSANDS = late.pattern(r"(?<=\d)[,'’](?=\d{3}(?!\d))")
_SENTENCE_START = late.pattern(r"(?:^|[.!?:;\n])\W*$")
_POLITE = late.pattern(
    r"^\W*(?:(?:hi|hello|hey|dear \w+|good (?:morning|day|evening)|hallo|guten tag|bonjour|hola|ola|ciao|buongiorno)\b\W*)?"
    r"(?:(?:please|bitte)\W+)?"
    r"(?:(?:can|could|would|will) you (?:please )?(?:tell|explain to) me|(?:i|we) (?:want|need|would like|'d like|wanted)"
    r" to know|i'd like to know|do you know|tell me|i was wondering|(?:konnen|konnten) sie mir (?:bitte )?sagen|"
    r"pouvez-vous me dire|(?:puede|podria) decirme|pode me dizer|puo dirmi|kunt u me (?:zeggen|vertellen))?\W*"
)
_FAREWELL = late.pattern(r"\b(?:thank you|thanks|many thanks|danke|merci|gracias|obrigad[oa]|grazie|bedankt)\b[^?]*$")

_LIGHT: Final = {
    "en": "a an the do does did is are was were be been am i we my our your its it's please just also",
    "de": "der die das den dem des ein eine einen einem einer eines ist sind war ich wir mein meine meinen meinem meiner "
    "unser unsere euer eure ihre ihren bitte denn eigentlich",
    "fr": "le la les l un une des est sont je j on nous mon ma mes notre nos votre vos svp est-ce",
    "es": "el la los las un una unos unas es son yo mi mis nuestro nuestra su sus favor",
    "pt": "o a os as um uma e sao eu meu minha meus minhas nosso nossa seu sua seus suas favor",
    "it": "il lo la i gli le l un uno una e sono io mio mia miei mie nostro nostra vostro vostra favore",
    "nl": "de het een is zijn ik wij we mijn onze jullie uw alstublieft graag",
}
"""Words that change nothing, folded."""

_ABILITY: Final = {
    "en": "can could may",
    "de": "kann konnen konnte darf",
    "fr": "peux peut puis pouvons",
    "es": "puedo puede podemos",
    "pt": "posso pode podemos",
    "it": "posso puo possiamo",
    "nl": "kan kunnen mag",
}
"""After a question word these ask nothing ("how can I", "how do I"); alone they are the question."""

_ASKING: Final = {
    "en": "how what when where which who whom whose why",
    "de": "wie was wann wo wohin woher wer wen wem warum wieso welche welcher welches welchen wieviel",
    "fr": "comment que quoi quand ou qui pourquoi quel quelle quels quelles combien",
    "es": "como que cuando donde adonde quien por cual cuales cuanto cuanta cuantos cuantas",
    "pt": "como que quando onde quem por qual quais quanto quanta quantos quantas",
    "it": "come che cosa quando dove chi perche quale quali quanto quanta quanti quante",
    "nl": "hoe wat wanneer waar wie waarom welke welk hoeveel",
}
_NEGATION: Final = listed(
    "not no never without cannot cant dont wont isnt arent doesnt didnt nicht kein keine keinen keinem keiner ohne nie niemals "
    "pas sans jamais aucun aucune sin nunca nao sem non senza mai niet geen zonder nooit except unless"
)
_DIRECTION: Final = listed(
    "to from before after over under above below within until since between for with and or von nach vor bis ab mit und oder "
    "de a avant apres avec et pour hacia desde hasta antes despues con y o para com ou da prima dopo e van naar voor na tot met"
)
_FILLERS: Final = (("en", ("how", "long"), listed("take takes taking last lasts")),)
"""Words that say again what a question's beginning asks."""

_ELISIONS: Final = listed("l d j m t s c qu dell all nell sull dall un")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionKey:
    """A question in its comparable form.

    ``words`` are its stems in order; equal ones are one question.  ``musts`` are those things which two questions must share
    before anything else may call them alike: numbers, codes, negations, question words, directions, names.
    """

    language: str
    words: tuple[str, ...]
    musts: frozenset[str]

    @property
    def is_usable(self) -> bool:
        """Whether it says anything, and is no story."""
        return 0 < len(self.words) <= MAX_WORDS and any(not word.isdigit() for word in self.words)


def question_key(text: str, language: str) -> QuestionKey:
    """The comparable form of a question; language decides which words are light."""
    plain = _FAREWELL.sub("", _POLITE.sub("", fold(text), count=1))
    words = tuple(_kept(list(_tokens(plain)), language))
    return QuestionKey(
        language=language,
        words=tuple(word if _is_exact(word) else stem(word, language) for word in words),
        musts=frozenset(_musts(words, language)) | _names(text, language),
    )


def _tokens(plain: str) -> Iterator[str]:
    """Words with codes and amounts whole; "what's" is "what", "l'adresse" "adresse", "don't" "not", "e-mail" "email"."""
    for token in _TOKEN.findall(_THOUSANDS.sub("", plain)):
        if _is_exact(token):
            yield token
            continue
        before, apostrophe, after = token.partition("'")
        if apostrophe and after == "t" and before.endswith("n"):
            yield from (("can",) if before == "can" else ())
            yield "not"
        elif apostrophe:
            yield after if before in _ELISIONS else before
        else:
            yield from re.split(r"[.,:/+&]", token.replace("-", ""))


def _kept(tokens: list[str], language: str) -> Iterator[str]:
    light, ability, asking = _lists(language)
    dropped = light
    for known, beginning, fillers in _FILLERS:
        if known == language and tuple(tokens[: len(beginning)]) == beginning:
            dropped = dropped | fillers
    has_asked, previous = False, ""
    for word in tokens:
        is_infinitive = word == "to" and previous in asking and language == "en"
        is_idle = word in ability and has_asked
        if not (word in dropped or is_infinitive or is_idle):
            yield "can" if word in ability and language == "en" else word
        has_asked = has_asked or word in asking
        previous = word


@cache
def _lists(language: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    name = language if language in _LIGHT else "en"
    return listed(_LIGHT[name]), listed(_ABILITY[name]), listed(_ASKING[name])


def _musts(words: tuple[str, ...], language: str) -> Iterator[str]:
    _, ability, asking = _lists(language)
    for word in words:
        if word in _NEGATION:
            yield "not"
        elif _is_exact(word) or word in asking or word in ability or word in _DIRECTION:
            yield word


def _is_exact(word: str) -> bool:
    """Numbers, codes and amounts count as written."""
    return any(ch.isdigit() for ch in word)


def _names(text: str, language: str) -> frozenset[str]:
    """Words with a capital that no sentence begins with, and words in capitals anywhere: names of places, products, people."""
    found = set()
    for hit in re.finditer(r"[^\W\d_][\w-]+", text):
        word = hit.group()
        begins = bool(_SENTENCE_START.search(text[max(0, hit.start() - 8) : hit.start()]))
        if (word[0].isupper() and not begins) or (word.isupper() and len(word) > 1):
            found.add(stem(fold(word).replace("-", ""), language))
    return frozenset(found)


_OWN_RECORD = late.pattern(
    r"\b(?:my|our)\b(?:\s+[\w-]+){0,2}?\s+(?:orders?|parcels?|packages?|deliver(?:y|ies)|shipments?|refunds?|bookings?|"
    r"reservations?|appointments?|tickets?|cases?|claims?|transactions?|balance|invoices?|bills?|payments?|statements?|"
    r"applications?|transfers?)\b"
    r"|\bmein\w*(?:\s+\w+)?\s+(?:bestellung|paket|pakete|lieferung|sendung|erstattung|rechnung|guthaben|buchung|termin|"
    r"zahlung|auftrag|ruckerstattung|kontostand)\w*"
    r"|\b(?:ma|mon|mes)\s+(?:commande|colis|livraison|remboursement|facture|solde|reservation|paiement)s?\b"
    r"|\bmis?\s+(?:pedido|paquete|envio|reembolso|factura|saldo|reserva|pago)s?\b"
    r"|\b(?:meus?|minhas?)\s+(?:pedido|encomenda|pacote|entrega|reembolso|fatura|saldo|reserva|pagamento)s?\b"
    r"|\b(?:mio|mia|miei|mie)\s+(?:ordin|pacc|spedizion|consegn|rimbors|fattur|sald|prenotazion|pagament)\w+"
    r"|\bmijn\s+(?:bestelling|pakket|levering|zending|terugbetaling|factuur|saldo|reservering|betaling)\w*"
)
_OWN_THING = late.pattern(
    r"\b(?:my|our)\s+(?:\w+\s+)?(?:account|subscription|plan|card|contract|membership|points|credit)\b"
    r"|\bmein\w*\s+(?:konto|kundenkonto|abo\w*|vertrag|karte)\b|\b(?:mon|mes)\s+(?:compte|abonnement|contrat)s?\b"
    r"|\bmi\s+(?:cuenta|suscripcion|contrato)\b|\bminha\s+(?:conta|assinatura)\b|\bmio\s+(?:account|abbonamento|conto)\b"
    r"|\bmijn\s+(?:account|abonnement|rekening)\b"
)
_GENERAL = late.pattern(
    r"\b(?:how (?:do|can|could|should|would|to)|(?:where|when) (?:do|can) (?:i|we)|(?:can|may|could) (?:i|we)|is it possible|"
    r"wie (?:kann|lasst|andere|kundige|losche)|kann ich|wo (?:kann|finde)|comment|puis-je|como|puedo|posso|"
    r"hoe (?:kan|moet)|kan ik)\b"
)
_HAPPENED = late.pattern(
    r"\b(?:i|we)(?:'ve| have| had|'d)?(?: just| already| never| recently| accidentally)? (?:ordered|bought|paid|received|"
    r"returned|sent|cancell?ed|placed|booked|purchased|subscribed|applied|requested|signed up|called|wrote|complained)\b"
    r"|\b(?:charged|billed|refunded|told|sent|emailed|locked|blocked) (?:me|us)\b"
    r"|\b(?:i|we) (?:was|were|have been|'ve been|got|am being) (?:over)?(?:charged|billed|refunded|told|locked|blocked)\b"
    r"|\bi've been\b|\b(?:has|have)(?:n't| not| still not| never)? (?:arrived|shipped|come|been delivered|been refunded)\b"
    r"|\bstill (?:waiting|have(?:n't| not)|no)\b"
    r"|\bich habe\b.{0,80}\b(?:bestellt|bezahlt|gekauft|erhalten|bekommen|gebucht|storniert)\b|\bwurde (?:mir|ich)\b"
    r"|\bj'ai (?:commande|paye|achete|recu|reserve|annule)|\b(?:he (?:pedido|comprado|pagado|recibido)|compre|pague)\b"
    r"|\b(?:comprei|paguei|recebi|encomendei)\b|\bho (?:ordinato|comprato|pagato|ricevuto|prenotato)\b"
    r"|\bik heb\b.{0,80}\b(?:besteld|betaald|gekocht|ontvangen|geboekt)\b"
)
_LONG_NUMBER = late.pattern(r"(?<!\w)\+?\d(?:[\s().-]?\d){7,}(?!\w)")


def is_about_own(text: str) -> bool:
    """Whether a question is about the asker's own order, account or history, which no general answer knows.

    A general "how do I close my account" is not.  When in doubt it is: then a model or a person looks at it.
    """
    plain = fold(text)
    if _OWN_RECORD.search(plain) or _HAPPENED.search(plain) or _LONG_NUMBER.search(plain):
        return True
    if _OWN_THING.search(plain) and not _GENERAL.search(plain):
        return True
    return any(entity.kind in ("order", "email") for entity in entities(text))
