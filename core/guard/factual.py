"""Whether a sentence states a fact and so needs a citation.  Pure.

Factual is what is left: a sentence is *not* factual only when every clause of it is a greeting, thanks or apology (all its
telling words are soft), an offer of help, a question or a request, an honest "I don't know", a lead-in, or gives the contact's
own words back.  A figure, a date, a price, a link or a name that the contact did not bring makes any sentence factual, and a
bare "Yes." is an answer, so it is factual too.
"""

from __future__ import annotations

import re

from core.guard.phrases import CLAIMS, FRAMES, OPENS, RESTATES, SOFT, UNKNOWN, YES_NO
from core.guard.plain import content_words
from core.words import fold, stop_words, words

PREFIX = 5
MAX_QUESTION_WORDS = 40
_CLAUSES = re.compile(
    r"[,;:!.…–—]+(?:\s+|\Z)|[。，！]|\s-\s|\s(?=(?:but|aber|sondern|mais|pero|mas|però|maar|so|and (?:i|we)|und (?:ich|wir))\s)"
)
_LABEL = re.compile(r"\s*(?:#{1,6}\s.*|\*\*[^*]{1,80}\*\*:?|\|?[\s:|-]+\|?)\s*\Z")
MAX_LABEL_WORDS = 7
_POINTS = re.compile(
    r"(?:these are|those are|here (?:are|is)|this is|das sind|dies sind|hier (?:sind|ist)|voici|voilà|estos son|estas son|"
    r"aquí (?:están|está)|aqui (?:estão|está)|estes são|estas são|ecco|questi sono|queste sono|dit zijn|hier (?:zijn|is))\b"
)
MAX_LEAD_IN_WORDS = 14


def is_factual(
    sentence: str,
    text: str,
    *,
    said: str,
    language: str,
    states: bool,
    is_strict: bool = False,
    addressed: frozenset[str] = frozenset(),
) -> bool:
    """Whether the sentence needs a citation.

    ``sentence`` is its Markdown, ``text`` what a reader sees; ``states`` tells that it holds a figure, link or name that
    neither the contact nor our own words brought; ``addressed`` are names they did bring, folded.  ``is_strict`` lets pass
    only what is polite, a question or unknown.
    """
    if not any(ch.isalnum() for ch in text):
        return False
    if states:
        return True
    if _is_label(sentence, text):
        return False
    low = text.lower().replace("’", "'").strip(" *_\"'“”()")
    parts = (clause.strip(" *_\"'“”()¿¡") for clause in _CLAUSES.split(low))
    clauses = [part for part in parts if part and not addressed.issuperset(words(part))]
    if not clauses:
        return False
    if low.endswith(("?", "？")):
        return (
            len(low.split()) > MAX_QUESTION_WORDS
            or bool(CLAIMS.search(low))
            or _any_states(clauses[:-1], said, language, is_strict=is_strict, addressed=addressed)
        )
    if low.endswith((":", "：")) and not is_strict and len(low.split()) <= MAX_LEAD_IN_WORDS and _leads(clauses):
        return False
    if len(clauses) == 1 and clauses[0] in YES_NO:
        return True
    return _any_states(clauses, said, language, is_strict=is_strict, addressed=addressed)


def _is_label(sentence: str, text: str) -> bool:
    """A heading or a bold line of a few words, or the rule below a table's head."""
    return bool(_LABEL.match(sentence)) and len(text.split()) <= MAX_LABEL_WORDS and not text.endswith((".", "!"))


def _leads(clauses: list[str]) -> bool:
    """ "These are your orders:", or "To return an item, follow these steps:": a purpose, then what leads to the rest."""
    if len(clauses) == 1 and _POINTS.match(clauses[0]) and len(clauses[0].split()) <= MAX_LABEL_WORDS:
        return True
    return bool(FRAMES.match(clauses[-1])) and all(
        OPENS.match(c) or FRAMES.match(c) or not _telling(c, "en") for c in clauses[:-1]
    )


def _any_states(clauses: list[str], said: str, language: str, *, is_strict: bool, addressed: frozenset[str]) -> bool:
    """Whether any clause states something; conditions do not, beside a clause that is no statement either."""
    only = len(clauses) == 1
    theirs = frozenset(word[:PREFIX] for word in words(said[:4_000]))
    named = [" ".join(word for word in clause.split() if fold(word) not in addressed) for clause in clauses]
    return any(_states(clause, theirs, language, is_only=only, is_strict=is_strict) for clause in named)


def _states(clause: str, theirs: frozenset[str], language: str, *, is_only: bool, is_strict: bool) -> bool:
    if clause in YES_NO:
        return is_only
    telling = _telling(clause, language)
    if not telling:
        return False
    if is_strict:
        return not (FRAMES.match(clause) and UNKNOWN.search(clause)) or bool(CLAIMS.search(clause))
    if OPENS.match(clause) and not is_only:
        return False
    given_back = RESTATES.match(clause)
    if given_back and all(word[:PREFIX] in theirs for word in _telling(clause[given_back.end() :], language)):
        return False
    return bool(CLAIMS.search(clause)) or not FRAMES.match(clause)


def _telling(clause: str, language: str) -> list[str]:
    said = (word for word in content_words(clause, language) if word not in SOFT and word not in YES_NO)
    return [word for word in said if word.split("'")[0] not in stop_words(language)]
