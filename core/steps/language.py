"""Which language is this?  Words first, the statistical model only where they do not tell.  No I/O but loading the model once."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from core.words import STEMMERS, stop_words, words

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_LETTERS = 12
"""Shorter texts without a telling word keep the conversation's language: "status AMQ9299E" is any language."""

MIN_CERTAINTY = 0.9
MAX_CHARS = 1_000
KEPT_TEXTS = 8
"""A turn asks for its message's language twice: whether the model is needed, and which it is."""


_LOAD = threading.Lock()

_GREETINGS = {
    "de": "hallo servus moin danke dankeschon bitte tschuss guten gruss",
    "fr": "bonjour bonsoir salut merci beaucoup",
    "es": "hola buenos buenas gracias adios",
    "pt": "ola oi obrigado obrigada bom boa tchau",
    "it": "ciao buongiorno buonasera salve grazie arrivederci",
    "nl": "hoi goedemorgen goedemiddag bedankt dankjewel doei",
    "en": "hello hi hey thanks thank bye goodbye",
}


@cache
def _telling_words(language: str) -> frozenset[str]:
    return stop_words(language) | frozenset(_GREETINGS.get(language, "").split())


@cache
def _voters(languages: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Which of the languages have a small word."""
    found: dict[str, tuple[str, ...]] = {}
    for language in dict.fromkeys(languages):
        for word in _telling_words(language):
            found[word] = (*found.get(word, ()), language)
    return found


@cache
def _identifier(languages: tuple[str, ...]) -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  # a second of loading, often never needed

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(languages))
    return identifier


def by_words(text: str, languages: Sequence[str]) -> str | None:
    """The language whose small words the text uses, when that is beyond doubt and all languages' words are known here."""
    if any(language not in STEMMERS for language in languages):
        return None
    return _voted(text[:MAX_CHARS], tuple(languages))


@lru_cache(maxsize=KEPT_TEXTS)
def _voted(text: str, languages: tuple[str, ...]) -> str | None:
    said, voters = words(text), _voters(languages)
    counts = dict.fromkeys(languages, 0)
    for word in said:
        for language in voters.get(word, ()):
            counts[language] += 1
    votes = sorted(((count, language) for language, count in counts.items()), reverse=True)
    best, runner_up = votes[0], (votes[1] if len(votes) > 1 else (0, ""))
    is_clear = best[0] >= 2 * runner_up[0] and best[0] >= (2 if len(said) > 3 else 1) and best[0] > runner_up[0]
    return best[1] if is_clear else None


def needs_model(text: str, languages: Sequence[str]) -> bool:
    """Whether ``detect`` would ask the statistical model; it takes a second to load, so not on the event loop."""
    return len(languages) > 1 and by_words(text, languages) is None and _letters(text) >= MIN_LETTERS


def load(languages: Sequence[str]) -> None:
    """Load the model once; to be called off the loop."""
    with _LOAD:
        _identifier(tuple(languages))


def detect(text: str, languages: Sequence[str], *, otherwise: str) -> str:
    """The language of the text among ``languages``; ``otherwise`` when the text does not tell."""
    if len(languages) == 1:
        return languages[0]
    told = by_words(text, languages)
    if told is not None:
        return told
    if not needs_model(text, languages):
        return otherwise
    load(languages)
    language, certainty = _identifier(tuple(languages)).classify(text[:MAX_CHARS])
    return str(language) if certainty >= MIN_CERTAINTY else otherwise


def _letters(text: str) -> int:
    """Letters in words without digits: codes and numbers speak no language."""
    return sum(len(word) for word in words(text[:MAX_CHARS]) if word.isalpha())
