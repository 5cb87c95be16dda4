"""The text half on tantivy: for each language a title and a body field with its stems, and one field of codes as written.

A chunk fills the fields of its language, or the English ones when that is unknown; an entry of the text index holds no words to
give back, only a key.  In an index that was built whole the key is the chunk's row.  One that was made from a former index copies
its entries, whose rows have moved: there ``KEYS`` holds the key of every row, in ascending order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from core.ports.knowledge import Chunk
from core.words import STEMMERS, fold

HEAP_BYTES = 96_000_000
FALLBACK = "en"
CODES = "frontdesk_code"
"""The tokenizer that keeps what punctuation joins: "SQL-0911", "8.5.5.9", "TM-200/b"."""

KEYS = "keys.npy"

LONGEST = 64
"""Bytes; words as long are in no field."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_WORD = re.compile(r"[^\W_]+")
_JOINED = r"[^\W_]+(?:[._\-/:][^\W_]+)+"
_JOINED_WORDS = re.compile(r"(?<![^\W_])" + _JOINED)
"""Looked for at the beginning of words only: a word of thousands of letters would be tried at each of them."""


@lru_cache(maxsize=256)
def language_of(language: str | None) -> str:
    """The language whose fields and stems stand for this one: "de-AT" is "de", an unknown one English."""
    known = (language or "").lower().replace("_", "-").partition("-")[0]
    return known if known in STEMMERS else FALLBACK


def joined(text: str) -> list[str]:
    """What punctuation joins, lower-case, in order, as the field of codes holds it: "sql-0911", "e-mail"."""
    return [found.lower() for found in _JOINED_WORDS.findall(text) if len(found.encode()) < LONGEST]


def codes(text: str) -> set[str]:
    """Error codes, versions and product numbers as written, lower-case: "SQL-0911", "8.5.5.9", "TM-200/b"."""
    return {found.lower() for found in _JOINED_WORDS.findall(text) if any(ch.isdigit() for ch in found)}


def plain_spellings(text: str, language: str) -> str:
    """The words with accents as people type them without: a stemmer needs the accents, who asks may leave them out."""
    if language == FALLBACK or text.isascii():
        return ""
    found = {word.lower() for word in _WORD.findall(text) if not word.isascii()}
    spelt = {fold(word) for word in found}
    if language == "de":
        spelt.update(fold(word.translate(_UMLAUTS)) for word in found)
    return " ".join(sorted(spelt))


@lru_cache(maxsize=65_536)
def stem(word: str, language: str) -> str:
    """The stem of a lower-case word as it stands in the fields of a language; "" when it is too long to be in them."""
    return next(iter(analyzer(language).analyze(word)), "")


@cache
def analyzer(language: str) -> tantivy.TextAnalyzer:
    """Lower-case, stemmed, without accents; they go first in English, whose stems do not need them.  Thread-safe."""
    keep = tantivy.Filter
    stemmed, folded = keep.stemmer(STEMMERS[language]), keep.ascii_fold()
    made = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(keep.remove_long(LONGEST))
        .filter(keep.lowercase())
    )
    for step in (folded, stemmed) if language == FALLBACK else (stemmed, folded):
        made = made.filter(step)
    return made.build()


def _codes_analyzer() -> tantivy.TextAnalyzer:
    keep = tantivy.Filter
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(_JOINED))
        .filter(keep.remove_long(LONGEST))
        .filter(keep.lowercase())
        .build()
    )


def with_tokenizers(index: tantivy.Index) -> tantivy.Index:
    """The index with every tokenizer that its schema names."""
    for language in STEMMERS:
        index.register_tokenizer(f"frontdesk_{language}", analyzer(language))
    index.register_tokenizer(CODES, _codes_analyzer())
    return index


def schema() -> tantivy.Schema:
    """The fields; ``row`` is the key of the chunk."""
    builder = tantivy.SchemaBuilder()
    for language in STEMMERS:
        for field in ("title", "body"):
            builder.add_text_field(f"{field}_{language}", tokenizer_name=f"frontdesk_{language}")
    builder.add_text_field("code", tokenizer_name=CODES, index_option="freq")
    for field in ("audience", "id", "document"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("row", fast=True)
    return builder.build()


class TextWriter:
    """Indexes chunks; tantivy's own thread does the work until ``finish``.  ``is_begun``: the folder holds an index already."""

    def __init__(self, folder: Path, *, is_begun: bool = False) -> None:
        index = tantivy.Index.open(str(folder)) if is_begun else tantivy.Index(schema(), path=str(folder), reuse=False)
        self._writer = with_tokenizers(index).writer(heap_size=HEAP_BYTES, num_threads=1)

    def remove(self, documents: Iterable[str]) -> None:
        """Delete the entries of these documents that are in the index so far."""
        for document in documents:
            self._writer.delete_documents_by_term("document", document)

    def add(self, chunk: Chunk, key: int) -> str:
        """Index one chunk and return the language whose fields it fills."""
        language, entry = language_of(chunk.language), tantivy.Document()
        entry.add_text(f"title_{language}", f"{chunk.title}\n{chunk.heading}")
        entry.add_text(f"body_{language}", chunk.text)
        if other := plain_spellings(f"{chunk.title} {chunk.heading} {chunk.text}", language):
            entry.add_text(f"body_{language}", other)
        entry.add_text("code", f"{chunk.title}\n{chunk.text}")
        entry.add_text("audience", chunk.audience)
        entry.add_text("id", chunk.id)
        entry.add_text("document", chunk.document_id)
        entry.add_unsigned("row", key)
        self._writer.add_document(entry)
        return language

    def finish(self) -> None:
        """Make it all searchable; no other thread is left afterwards."""
        self._writer.commit()
        self._writer.wait_merging_threads()


class TextReader:
    """An open text index; its searcher is a snapshot and may be used by several threads."""

    def __init__(self, folder: Path) -> None:
        index = with_tokenizers(tantivy.Index.open(str(folder)))
        index.config_reader("manual")
        index.reload()
        self.schema = index.schema
        self.searcher = index.searcher()
        self._keys = _moved(folder)

    def entries(self, audiences: Iterable[str]) -> int:
        """How many entries of these audiences words are counted in: deleted ones too, as long as they are not merged away."""
        return sum(self.searcher.doc_freq("audience", audience) for audience in audiences)

    def best(self, query: tantivy.Query, limit: int) -> dict[int, float]:
        """Row → score of the best rows of a query, best first."""
        hits = self.searcher.search(query, limit, count=False).hits
        keys = self.searcher.fast_field_values("row", [place for _, place in hits])
        rows = keys if self._keys is None else np.searchsorted(self._keys, np.array(keys, np.uint32)).tolist()
        return dict(zip(rows, [score for score, _ in hits], strict=True))

    def rows(self, field: str, names: Sequence[str], limit: int) -> tuple[int, ...]:
        """The rows, in no order, whose raw field (``id``, ``document``) is one of these names."""
        named = tantivy.Query.const_score_query(tantivy.Query.term_set_query(self.schema, field, list(names)), 0.0)
        return tuple(self.best(named, limit))

    def of_audiences(self, audiences: Iterable[str]) -> tantivy.Query:
        """A condition without a score."""
        allowed = tantivy.Query.term_set_query(self.schema, "audience", list(audiences))
        return tantivy.Query.const_score_query(allowed, 0.0)


def keys_of(folder: Path, chunks: int) -> NDArray[np.uint32]:
    """The keys of all rows of a generation of so many chunks."""
    moved = _moved(folder)
    return np.arange(chunks, dtype=np.uint32) if moved is None else moved


def _moved(folder: Path) -> NDArray[np.uint32] | None:
    try:
        keys: NDArray[np.uint32] = np.load(folder / KEYS)
    except FileNotFoundError:
        return None
    return keys
