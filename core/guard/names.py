"""Names and product terms of a sentence: capitalised words that are not ordinary ones, CamelCase, abbreviations.  Pure.

Where only names are capitalised (all of our languages but German) a capital inside a sentence tells a name; its first word counts
when the next one is capitalised too, or when it stands where only a name can ("Shopify lets you …").  In German every noun is
capitalised: there a word counts when it looks like a name (CamelCase, capitals, two in a row) or stands without any of the words
that go before a noun, and neither it nor its stem is an ordinary word or stands in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from core.guard.plain import folded
from core.guard.vocabulary import AMBIGUOUS_MONTHS, MONTHS, WEEKDAYS
from core.guard.wordlists import (
    GERMAN_BEFORE_NOUN,
    GERMAN_NOUN_ENDINGS,
    GERMAN_NOUNS,
    ORDINARY,
    ORDINARY_CAPITALS,
    VERBS_AFTER_NAME,
)
from core.words import fold, stop_words

_TOKEN = re.compile(r"(?<!\d)[^\W\d_][^\W_]*(?:['’][^\W_]+)?|[.!?:…\"“„«»•|(\[/–—-]|\d[\d.,]*")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+")
_LINKED = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{1,200}")
"""As ``_ADDRESS``, for texts of any length: it takes no longer on a word without end."""

_CAMEL = re.compile(r"[^\W\d_]*[a-zà-ÿ][A-ZÀ-Þ]\w*|[A-ZÀ-Þ]{2,}[a-zà-ÿ]{2,}\w*")
_ENGLISH_ENDINGS = re.compile(r"(?:ing|ly|ed|tion|tions|ment|ments|ness|ity|ies|ings|ers|able|ible|ful|less|ous)$")
_RESTARTS = frozenset('.!?:…"“„«•|([')
"""After these a capital tells nothing: a sentence, a quotation or a cell begins."""


@dataclass(frozen=True, slots=True)
class Name:
    """A word to be found in the evidence; ``word`` as written, ``forms`` the folded forms that prove it."""

    word: str
    forms: tuple[str, ...]


def names(text: str, language: str, *, is_cited: bool = False) -> Iterator[Name]:
    """The names of a plain text, each once; a heading of our own may be in Title Case, a cited one quotes."""
    tokens = _TOKEN.findall(_ADDRESS.sub(" ", text))
    is_title = not is_cited and _is_title(tokens)
    seen: set[str] = set()
    for at, token in enumerate(tokens):
        if not token[0].isalpha() or token in seen or token.islower():
            continue
        if _is_name(tokens, at, language, is_title=is_title):
            seen.add(token)
            yield Name(token, _forms(token))


def name_spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Where names stand in a plain text; words of one name are one span, with the initials between them.

    A contact block has capitals everywhere, and abbreviations are no names: Title Case counts here, words in capitals do not.
    """
    hits = list(_TOKEN.finditer(_LINKED.sub(lambda m: " " * len(m[0]), text)))
    tokens = [hit[0] for hit in hits]
    start = end = -1
    for at, (hit, token) in enumerate(zip(hits, tokens, strict=True)):
        is_written = token[0].isalpha() and not token.islower() and not token.isupper()
        is_one = is_written and _is_name(tokens, at, language, is_title=False)
        is_next = start >= 0 and text[end : hit.start()] in (" ", ". ", "-", "'", "’")
        if is_next and (is_one or (len(token) == 1 and token.isupper())):
            end = hit.end()
        elif is_one:
            if start >= 0:
                yield start, end
            start, end = hit.span()
        elif start >= 0 and hit[0] != ".":
            yield start, end
            start = end = -1
    if start >= 0:
        yield start, end


def _is_title(tokens: list[str]) -> bool:
    """A heading in Title Case or shouted: its capitals tell nothing, unless it is only one or two words."""
    long_words = [token for token in tokens if token[0].isalpha() and len(token) > 3]
    return len(long_words) > 2 and all(token[0].isupper() for token in long_words) and tokens[-1] not in ".!?"


def _is_name(tokens: list[str], at: int, language: str, *, is_title: bool) -> bool:
    token = tokens[at]
    word = token.split("'")[0].split("’")[0]
    low = fold(word)
    if (
        len(word) < 2
        or low in _ordinary(language)
        or low in WEEKDAYS
        or (low in MONTHS and low not in AMBIGUOUS_MONTHS)
    ):
        return False
    if _CAMEL.fullmatch(word):
        return True
    if word.isupper():
        return low not in ORDINARY_CAPITALS and not is_title
    if not word[0].isupper() or is_title:
        return False
    is_first = at == 0 or tokens[at - 1] in _RESTARTS or _is_listed(tokens, at)
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if language == "de":
        return _is_german_name(tokens, at, low, is_first=is_first)
    if is_first:
        return _starts_as_name(token, low, following, language)
    return True


def _is_listed(tokens: list[str], at: int) -> bool:
    return at == 1 and not tokens[0][0].isalpha()


def _starts_as_name(token: str, low: str, following: str, language: str) -> bool:
    if language == "en" and _ENGLISH_ENDINGS.search(low):
        return False
    is_pair = language == "en" and following[:1].isupper() and len(following) > 1
    if is_pair and fold(following) not in _ordinary(language):
        return True
    is_owner = token.endswith(("'s", "’s")) and language == "en"
    return is_owner or following in VERBS_AFTER_NAME.get(language, frozenset())


def _is_german_name(tokens: list[str], at: int, low: str, *, is_first: bool) -> bool:
    if _is_ordinary_noun(low):
        return False
    before = "" if is_first else tokens[at - 1]
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    is_pair = following[:1].isupper() and len(following) > 1 and fold(following) not in _ordinary("de")
    if is_first:
        return (is_pair and not _is_ordinary_noun(fold(following))) or following in VERBS_AFTER_NAME["de"]
    if before[:1].isupper() and before[:1].isalpha():
        return fold(before) not in _ordinary("de")
    if is_pair and not _is_ordinary_noun(fold(following)):
        return True
    if before[:1].isdigit():
        return False
    low_before = fold(before)
    is_noun = low_before in GERMAN_BEFORE_NOUN or low_before.endswith(("en", "er", "es", "em", "e", "te", "ste"))
    return not is_noun


@lru_cache(maxsize=4_096)
def _is_ordinary_noun(low: str) -> bool:
    """By list or ending; a compound is as ordinary as its last part: "Rücksendefrist", "Kundenkonto"."""
    if low in GERMAN_NOUNS or low.endswith(GERMAN_NOUN_ENDINGS):
        return True
    return any(low.endswith(noun) for noun in GERMAN_NOUNS if len(noun) >= 4 and len(low) > len(noun) + 2)


def _forms(token: str) -> tuple[str, ...]:
    """The word, without an owner's ending, in singular and plural."""
    low = re.sub(r"['’].*", "", folded(token))
    forms = [low]
    for ending in ("s", "es", "n", "en", "e"):
        if low.endswith(ending) and len(low) > len(ending) + 2:
            forms.append(low[: -len(ending)])
    return (*forms, f"{low}s", f"{low}es", f"{low}n", f"{low}en", f"{low}e")


@cache
def _ordinary(language: str) -> frozenset[str]:
    return stop_words(language) | ORDINARY.get(language, frozenset()) | ORDINARY["any"]
