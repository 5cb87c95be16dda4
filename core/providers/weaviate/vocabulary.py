"""What a generation knows of words: in how many chunks each token stands, and how long the properties are.

Weaviate tells neither.  Counted while a generation is built, kept in its collection in pieces, and held in memory by whoever has
it open: sorted bytes and counts, about 12 bytes a word.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from core.providers.embedded.terms import MAX_VOCABULARY, Vocabulary
from core.providers.weaviate.tokens import Tokens, marked

FIELDS = ("title", "body", "codes")
PIECE_BYTES = 500_000
KNOWN = 8_192
"""Words whose counts are remembered."""


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """As stored: per field the sorted tokens, a line each, and their counts (uint32); ``lengths`` by field and language."""

    tokens: dict[str, bytes]
    counts: dict[str, bytes]
    lengths: dict[str, dict[str, int]]


class Counts:
    """Counts the tokens of chunks, and takes those of others off again."""

    def __init__(self) -> None:
        self._held: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
        self._lengths: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
        self.languages: Counter[str] = Counter()

    @classmethod
    def of(cls, words: Words, languages: Mapping[str, int]) -> Counts:
        """Go on from what a former generation counted."""
        made = cls()
        for field in FIELDS:
            made._held[field].update(dict(words.items(field)))
            made._lengths[field].update(words.lengths[field])
        made.languages.update(languages)
        return made

    def add(self, tokens: Tokens) -> None:
        """One chunk more."""
        self._count(tokens, 1)

    def remove(self, tokens: Tokens) -> None:
        """One chunk less."""
        self._count(tokens, -1)

    def _count(self, tokens: Tokens, step: int) -> None:
        self.languages[tokens.language] += step
        for field, text in (("title", tokens.title), ("body", tokens.body), ("codes", tokens.codes)):
            found, held = text.split(), self._held[field]
            self._lengths[field][tokens.language] += step * len(found)
            for token in set(found):
                held[token] += step

    def packed(self) -> bytes:
        """Everything, compressed."""
        tokens, counts = {}, {}
        for field, held in self._held.items():
            kept = sorted((token.encode(), count) for token, count in held.items() if count > 0)
            tokens[field] = b"\n".join(token for token, _ in kept)
            counts[field] = np.array([count for _, count in kept], "<u4").tobytes()
        lengths = {field: dict(+found) for field, found in self._lengths.items()}
        return zlib.compress(msgspec.msgpack.encode(Packed(tokens=tokens, counts=counts, lengths=lengths)), 6)


def pieces(packed: bytes) -> list[str]:
    """Texts of a size that one request carries."""
    return [b64encode(packed[at : at + PIECE_BYTES]).decode() for at in range(0, len(packed), PIECE_BYTES)]


def whole(parts: Sequence[str]) -> bytes:
    """What was cut into pieces; ``ValueError`` when it is no such text."""
    return b"".join(b64decode(part, validate=True) for part in parts)


class _Table:
    """Sorted tokens and their counts, found by halving."""

    def __init__(self, tokens: bytes, counts: bytes) -> None:
        self._bytes = tokens
        self.counts = np.frombuffer(counts, "<u4")
        breaks = np.flatnonzero(np.frombuffer(tokens, np.uint8) == ord("\n"))
        self._starts = np.concatenate([[0], breaks + 1]).astype(np.int64)[: len(self.counts)]
        self._ends = np.append(breaks, len(tokens)).astype(np.int64)[: len(self.counts)]
        if len(self._starts) != len(self.counts):
            raise ValueError("tokens and counts do not match")

    def __len__(self) -> int:
        return len(self.counts)

    def at(self, place: int) -> bytes:
        return self._bytes[self._starts[place] : self._ends[place]]

    def count(self, token: bytes) -> int:
        place = bisect_left(range(len(self)), token, key=self.at)
        return int(self.counts[place]) if place < len(self) and self.at(place) == token else 0

    def with_prefix(self, prefix: bytes) -> Iterator[tuple[bytes, int]]:
        for place in range(bisect_left(range(len(self)), prefix, key=self.at), len(self)):
            token = self.at(place)
            if not token.startswith(prefix):
                return
            yield token, int(self.counts[place])


class Words(Vocabulary):
    """The counted words of an open generation; thread-safe."""

    def __init__(self, packed: bytes, chunk_count: int) -> None:
        """``ValueError`` when it is not what ``Counts.packed`` made."""
        super().__init__(chunk_count)
        try:
            found = msgspec.msgpack.decode(zlib.decompress(packed), type=Packed)
        except (zlib.error, msgspec.MsgspecError) as error:
            raise ValueError("the vocabulary cannot be read") from error
        self.lengths = found.lengths
        self._tables = {field: _Table(found.tokens[field], found.counts[field]) for field in FIELDS}
        self._count = lru_cache(KNOWN)(self._counted)

    def held(self, language: str, stem: str, field: str = "body") -> int:
        """How many chunks hold it."""
        return self._count(marked(language, stem), field)

    def held_token(self, token: str, field: str) -> int:
        """How many chunks hold a token as it stands in a property."""
        return self._count(token, field)

    def with_prefix(self, language: str, prefix: str) -> list[tuple[str, int]]:
        """Stems that start so, each with the number of chunks that hold it."""
        mark = len(marked(language, ""))
        found = self._tables["body"].with_prefix(marked(language, prefix).encode())
        return [(token.decode()[mark:], count) for token, count in _first(found, MAX_VOCABULARY)]

    def items(self, field: str) -> Iterator[tuple[str, int]]:
        """Every token of a property with its count."""
        table = self._tables[field]
        for place in range(len(table)):
            yield table.at(place).decode(), int(table.counts[place])

    def _counted(self, token: str, field: str) -> int:
        return self._tables[field].count(token.encode("utf-8", "surrogatepass"))


def _first(found: Iterator[tuple[bytes, int]], limit: int) -> Iterator[tuple[bytes, int]]:
    for _, each in zip(range(limit), found, strict=False):
        yield each
