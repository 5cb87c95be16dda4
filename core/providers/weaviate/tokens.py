"""A chunk's words as Weaviate indexes them: our own stems with spaces between, for its BM25 knows no stemmer.

English stems stand as they are, those of another language behind its first letter and a colon ("d:rucksend"): each language is
looked for apart, as in the embedded index, in one property.  Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.ports.knowledge import Chunk
from core.providers.embedded.text import FALLBACK, analyzer, joined, language_of, plain_spellings
from core.words import STEMMERS

MARKS = {language: "" if language == FALLBACK else f"{language[0]}:" for language in STEMMERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of a chunk's three searched properties, each a text of tokens with one space between, and their language."""

    language: str
    title: str
    body: str
    codes: str


def tokens_of(chunk: Chunk) -> Tokens:
    """Take a chunk apart, as the embedded index does."""
    language = language_of(chunk.language)
    title, plain = (
        f"{chunk.title}\n{chunk.heading}",
        plain_spellings(f"{chunk.title} {chunk.heading} {chunk.text}", language),
    )
    return Tokens(
        language=language,
        title=_stems(title, language),
        body=_stems(f"{chunk.text}\n{plain}", language),
        codes=" ".join(joined(f"{chunk.title}\n{chunk.text}")),
    )


def marked(language: str, stem: str) -> str:
    """A stem as it stands in the properties."""
    return MARKS[language] + stem


def _stems(text: str, language: str) -> str:
    mark = MARKS[language]
    return " ".join(mark + stem for stem in analyzer(language).analyze(text))
