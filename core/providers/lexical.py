"""The embedded lexical index on tantivy: BM25 with stemming, one folder per generation.

A folder is complete when its manifest stands in it: that is written last and holds the size and checksum of every file, so an
interrupted build or a damaged disk is noticed at ``open``.  Queries are built from terms, never parsed, so nothing a contact
writes is query syntax; the audience is a condition of the query itself.
"""

from __future__ import annotations

import math
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import tantivy

from core.errors import KnowledgeUnavailable
from core.ports.knowledge import Chunk, Passage, SearchQuery, SearchResult
from core.spelling import correction
from core.words import fold, stop_words

FORMAT = 2
MANIFEST = "frontdesk-index.json"
HEAP_BYTES = 96_000_000

TITLE_BOOST, CODE_BOOST, PHRASE_BOOST = 0.7, 1.5, 0.3
"""Weights beside the body's 1; the heading path counts as part of the title.  Recall on the dev suites is flat around them."""

CONTEXT_WEIGHT, HINT_WEIGHT, CORRECTED_WEIGHT = 0.4, 0.15, 0.8
"""Weights of a word beside one of the question's own."""

MAX_TERMS = 40
"""A forum post keeps its most telling words; more only add noise and time."""

MAX_PAIRS = 16
MAX_QUERY_CHARS = 12_000
MAX_CORRECTIONS = 3
SMALL = 1_000
"""In an index with fewer chunks a word that stands in only one of them is no slip."""

MAX_VOCABULARY = 20_000
FEATURED = 10
"""Coverage is worked out for this many of the best passages; the rest are never answered from."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Analyzer:
    """How the text of one language is indexed: its fields carry ``suffix``, its words the stems of ``stemmer``.

    The words of further languages get fields of their own; a chunk then fills those of its language.
    """

    suffix: str
    stemmer: str

    @property
    def name(self) -> str:
        """The name under which the index knows the tokenizer; it stands in the schema on disk."""
        return f"frontdesk_{self.suffix}"

    def build(self) -> tantivy.TextAnalyzer:
        """Lower-case, without accents, stemmed."""
        keep = tantivy.Filter
        return (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(keep.remove_long(64))
            .filter(keep.lowercase())
            .filter(keep.ascii_fold())
            .filter(keep.stemmer(self.stemmer))
            .build()
        )


ENGLISH = Analyzer("en", "english")
CODES = "frontdesk_code"
"""The tokenizer that keeps what punctuation joins: "SQL-0911", "8.5.5.9", "TM-200/b"."""

_JOINED = r"[^\W_]+(?:[._\-/:][^\W_]+)+"


def _codes_analyzer() -> tantivy.TextAnalyzer:
    keep = tantivy.Filter
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(_JOINED))
        .filter(keep.remove_long(64))
        .filter(keep.lowercase())
        .build()
    )


def _with_tokenizers(index: tantivy.Index) -> tantivy.Index:
    index.register_tokenizer(ENGLISH.name, ENGLISH.build())
    index.register_tokenizer(CODES, _codes_analyzer())
    return index


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a complete generation: file name → (bytes, CRC-32)."""

    format: int
    generation: str
    chunks: int
    files: dict[str, tuple[int, int]]


def codes(text: str) -> set[str]:
    """Error codes, versions and product numbers as written, lower-case: "SQL-0911", "8.5.5.9", "TM-200/b"."""
    return {found.lower() for found in re.findall(_JOINED, text) if any(ch.isdigit() for ch in found)}


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in ("title", "body"):
        builder.add_text_field(f"{field}_{ENGLISH.suffix}", tokenizer_name=ENGLISH.name)
    builder.add_text_field("code", tokenizer_name=CODES, index_option="freq")
    builder.add_text_field("audience", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("chunk", stored=True)
    return builder.build()


def _entry(chunk: Chunk, pack: msgspec.msgpack.Encoder) -> tantivy.Document:
    entry = tantivy.Document()
    entry.add_text(f"title_{ENGLISH.suffix}", f"{chunk.title}\n{chunk.heading}")
    entry.add_text(f"body_{ENGLISH.suffix}", chunk.text)
    entry.add_text("code", f"{chunk.title}\n{chunk.text}")
    entry.add_text("audience", chunk.audience)
    entry.add_text("id", chunk.id)
    entry.add_bytes("chunk", pack.encode(chunk))
    return entry


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and checksum of every file of the index; lock files come and go with its users."""
    found = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix != ".lock" and p.name != MANIFEST)
    return {path.name: (path.stat().st_size, _crc(path)) for path in found}


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            crc = zlib.crc32(block, crc)
    return crc


class LexicalEngine:
    """Builds and opens lexical generations."""

    name = "lexical"

    def build(self, folder: Path, generation: str, chunks: Iterable[Chunk]) -> int:
        """Build a complete generation in an empty folder and return the number of chunks."""
        folder.mkdir(parents=True, exist_ok=True)
        index = _with_tokenizers(tantivy.Index(_schema(), path=str(folder), reuse=False))
        writer = index.writer(heap_size=HEAP_BYTES, num_threads=1)
        pack, count = msgspec.msgpack.Encoder(), 0
        for chunk in chunks:
            writer.add_document(_entry(chunk, pack))
            count += 1
        writer.commit()
        writer.wait_merging_threads()
        self._seal(folder, generation, count)
        return count

    def open(self, folder: Path, generation: str) -> LexicalIndex:
        """Open a built generation; ``KnowledgeUnavailable`` when it is missing or damaged."""
        try:
            manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
            is_sound = manifest.format == FORMAT and manifest.generation == generation
            if not is_sound or _files(folder) != manifest.files:
                raise KnowledgeUnavailable("The index is damaged or of another version.")
            index = _with_tokenizers(tantivy.Index.open(str(folder)))
        except (OSError, ValueError) as error:
            raise KnowledgeUnavailable("The index cannot be opened.") from error
        return LexicalIndex(index, manifest)

    @staticmethod
    def _seal(folder: Path, generation: str, count: int) -> None:
        manifest = Manifest(format=FORMAT, generation=generation, chunks=count, files=_files(folder))
        unfinished = folder / (MANIFEST + ".part")
        with unfinished.open("wb") as file:
            file.write(msgspec.json.encode(manifest))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / MANIFEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """A question taken apart: ``weights`` by stem for the query, ``telling`` by the question's own word → stem."""

    weights: Mapping[str, float]
    telling: Mapping[str, str]
    pairs: tuple[tuple[str, str], ...]
    codes: frozenset[str]


class LexicalIndex:
    """One open generation; its searcher is a snapshot and may be used by several threads."""

    def __init__(self, index: tantivy.Index, manifest: Manifest) -> None:
        self.generation = manifest.generation
        self.chunk_count = manifest.chunks
        self._analyzer = ENGLISH.build()
        index.config_reader("manual")
        index.reload()
        self._schema = index.schema
        self._searcher: tantivy.Searcher | None = index.searcher()
        self._unpack = msgspec.msgpack.Decoder(Chunk)

    def close(self) -> None:
        """Let go of the files as soon as running searches end; safe twice."""
        self._searcher = None

    def search(self, query: SearchQuery) -> SearchResult:
        """The best chunks for a question; equal scores are ordered by chunk id, so that rebuilds answer alike.

        An index of nothing answers like no index: the engine hands over instead of saying that it found no answer.
        """
        searcher = self._searcher
        if searcher is None:
            raise KnowledgeUnavailable("The index is closed.")
        if not self.chunk_count:
            return SearchResult(generation="", passages=())
        try:
            return self._search(searcher, query)
        except (OSError, ValueError) as error:
            raise KnowledgeUnavailable("The index cannot be read.") from error

    def chunks(self, ids: Sequence[str]) -> dict[str, str]:
        """id → fingerprint of those that are in this generation."""
        searcher, wanted = self._searcher, list(dict.fromkeys(ids))
        if searcher is None:
            raise KnowledgeUnavailable("The index is closed.")
        if not wanted or not self.chunk_count:
            return {}
        try:
            named = tantivy.Query.term_set_query(self._schema, "id", wanted)
            hits = searcher.search(named, len(wanted), count=False).hits
            found = [self._unpack.decode(searcher.doc(place)["chunk"][0]) for _, place in hits]
        except (OSError, ValueError) as error:
            raise KnowledgeUnavailable("The index cannot be read.") from error
        return {chunk.id: chunk.fingerprint for chunk in found}

    def _search(self, searcher: tantivy.Searcher, query: SearchQuery) -> SearchResult:
        terms = self._terms(searcher, query)
        if not terms.weights and not terms.codes:
            return SearchResult(generation=self.generation, passages=())
        hits = searcher.search(self._query(terms, query.audiences), query.limit, count=False).hits
        found = [(score, self._unpack.decode(searcher.doc(place)["chunk"][0])) for score, place in hits]
        found.sort(key=lambda hit: (-hit[0], hit[1].id))
        telling = {word: self._idf(searcher, stem) for word, stem in terms.telling.items()}
        passages = tuple(self._passages(found, terms, telling))
        return SearchResult(generation=self.generation, passages=passages, terms=telling)

    def _passages(
        self, found: list[tuple[float, Chunk]], terms: _Terms, telling: Mapping[str, float]
    ) -> Iterator[Passage]:
        weight = {terms.telling[word]: idf for word, idf in telling.items()}
        total = sum(weight.values())
        for rank, (score, chunk) in enumerate(found):
            features = {"bm25": round(score, 4)}
            if rank < FEATURED and total:
                title = set(self._analyzer.analyze(f"{chunk.title} {chunk.heading}"))
                body = title.union(self._analyzer.analyze(chunk.text))
                features["coverage"] = round(sum(w for stem, w in weight.items() if stem in body) / total, 4)
                features["title"] = round(sum(w for stem, w in weight.items() if stem in title) / total, 4)
            yield Passage(chunk=chunk, score=round(score, 4), features=features)

    def _idf(self, searcher: tantivy.Searcher, stem: str) -> float:
        """BM25's weight of a stem; one the index does not know weighs most."""
        held = searcher.doc_freq(f"body_{ENGLISH.suffix}", stem)
        return math.log(1 + (self.chunk_count - held + 0.5) / (held + 0.5))

    def _stems(self, text: str, stop: frozenset[str]) -> Iterator[tuple[str, str]]:
        """(word, stem) of the words that tell something."""
        for word in _WORD.findall(fold(text[:MAX_QUERY_CHARS])):
            if word in stop or (len(word) == 1 and not word.isdigit()):
                continue
            for stem in self._analyzer.analyze(word):
                yield word, stem

    def _terms(self, searcher: tantivy.Searcher, query: SearchQuery) -> _Terms:
        stop = stop_words(query.language or "en") | stop_words("en")
        own = list(self._stems(query.text, stop))
        weights = {stem: 1 + 0.7 * math.log(count) for stem, count in Counter(stem for _, stem in own).items()}
        telling = self._corrected(searcher, dict(own), weights)
        for weight, text in ((CONTEXT_WEIGHT, "\n".join(query.earlier)), (HINT_WEIGHT, query.hints)):
            for _, stem in self._stems(text, stop):
                weights.setdefault(stem, weight)
        kept = self._most_telling(searcher, weights)
        return _Terms(
            weights=kept,
            telling={word: stem for word, stem in telling.items() if stem in kept or len(telling) <= MAX_TERMS},
            pairs=self._pairs([stem for _, stem in own if stem in kept]),
            codes=frozenset(codes(query.text[:MAX_QUERY_CHARS])),
        )

    def _corrected(self, searcher: tantivy.Searcher, own: dict[str, str], weights: dict[str, float]) -> dict[str, str]:
        """Replace words the index does not know by known ones a slip away; also in ``weights``."""
        body = f"body_{ENGLISH.suffix}"
        unknown = [word for word, stem in own.items() if word.isalpha() and not searcher.doc_freq(body, stem)]
        for word in unknown[:MAX_CORRECTIONS]:
            known = correction(
                own[word],
                lambda prefix: searcher.terms_with_prefix(body, prefix, limit=MAX_VOCABULARY),
                at_least=1 if self.chunk_count < SMALL else 2,
            )
            if known is not None:
                weights.pop(own[word], None)
                weights.setdefault(known, CORRECTED_WEIGHT)
                own[word] = known
        return own

    def _most_telling(self, searcher: tantivy.Searcher, weights: dict[str, float]) -> dict[str, float]:
        """The words that are in the index at all, at most MAX_TERMS, rare and repeated ones first."""
        known = {stem: weight for stem, weight in weights.items() if self._is_known(searcher, stem)}
        if len(known) <= MAX_TERMS:
            return known
        ranked = sorted(known, key=lambda stem: (-known[stem] * self._idf(searcher, stem), stem))
        return {stem: known[stem] for stem in ranked[:MAX_TERMS]}

    def _is_known(self, searcher: tantivy.Searcher, stem: str) -> bool:
        return any(searcher.doc_freq(f"{field}_{ENGLISH.suffix}", stem) for field in ("body", "title"))

    @staticmethod
    def _pairs(stems: list[str]) -> tuple[tuple[str, str], ...]:
        """Neighbours in the question, the first MAX_PAIRS: phrases cost more than words."""
        return tuple(dict.fromkeys((a, b) for a, b in pairwise(stems) if a != b))[:MAX_PAIRS]

    def _query(self, terms: _Terms, audiences: tuple[str, ...]) -> tantivy.Query:
        should = [*self._term_queries(terms), *self._phrase_queries(terms), *self._code_queries(terms)]
        wanted = tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in should])
        allowed = tantivy.Query.term_set_query(self._schema, "audience", list(audiences))
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, wanted),
                (tantivy.Occur.Must, tantivy.Query.const_score_query(allowed, 0.0)),
            ]
        )

    def _term_queries(self, terms: _Terms) -> Iterator[tantivy.Query]:
        boosts = (("body", 1.0), ("title", TITLE_BOOST))
        for stem, weight in terms.weights.items():
            for field, boost in boosts:
                term = tantivy.Query.term_query(self._schema, f"{field}_{ENGLISH.suffix}", stem, "freq")
                yield tantivy.Query.boost_query(term, weight * boost)

    def _phrase_queries(self, terms: _Terms) -> Iterator[tantivy.Query]:
        for pair in terms.pairs:
            for field, boost in (("body", 1.0), ("title", TITLE_BOOST)):
                phrase = tantivy.Query.phrase_query(self._schema, f"{field}_{ENGLISH.suffix}", list(pair), slop=1)
                yield tantivy.Query.boost_query(phrase, boost * PHRASE_BOOST)

    def _code_queries(self, terms: _Terms) -> Iterator[tantivy.Query]:
        for code in terms.codes:
            term = tantivy.Query.term_query(self._schema, "code", code, "freq")
            yield tantivy.Query.boost_query(term, CODE_BOOST)
