"""Documents to chunks of about 500 tokens: never across headings, sentences and list items whole, tables with their header.

Pure and deterministic: the same document gives the same chunks with the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.ids import digest
from core.ports.knowledge import Chunk, Document
from core.words import sentences
from kb_sync.blocks import PATH_SEPARATOR, Block, Section, sections
from kb_sync.dividing import APART, Piece, pieces, size

VERSION = "1"
"""Part of a generation's signature: raise it when the same document would give other chunks."""

BYTES_PER_TOKEN = 4
"""Estimate of tokens: UTF-8 bytes / 4.  The tokenizers of today's models take about 4 letters of English (4 bytes), 2 of
Cyrillic or Greek (4 bytes) and 1-1.5 of Chinese or Japanese (3-4.5 bytes) to a token; good to about 20 %."""

MOST_OVER = 1.2
"""No chunk is longer than the limit by more than this, with the sentences it repeats."""


def token_count(text: str) -> int:
    """The estimated number of tokens, rounded up."""
    return -(-size(text) // BYTES_PER_TOKEN)


def chunk(document: Document, *, tokens: int, overlap: int) -> list[Chunk]:
    """The chunks of a document, in order; none for a document without words.

    ``tokens`` is the limit, ``overlap`` how much of a chunk's end the next one of the same section repeats, in whole sentences.
    """
    seen: dict[tuple[str, str], int] = {}
    chunks: list[Chunk] = []
    found = list(sections(document.body))
    for section, following in zip(found, [*found[1:], None], strict=False):
        for text in _texts(section, following, limit=tokens * BYTES_PER_TOKEN, overlap=overlap * BYTES_PER_TOKEN):
            copy = seen[section.heading, text] = seen.get((section.heading, text), -1) + 1
            chunks.append(_chunk(document, section, text, ordinal=len(chunks), copy=copy))
    return chunks


def _texts(section: Section, following: Section | None, *, limit: int, overlap: int) -> Iterable[str]:
    """The texts of a section; a heading with nothing below it, not even a deeper heading, is a text itself."""
    if section.blocks:
        return _packed(section.blocks, limit, overlap)
    is_parent = following is not None and following.heading.startswith(section.heading + PATH_SEPARATOR)
    return () if is_parent else (section.words,)


def _chunk(document: Document, section: Section, text: str, *, ordinal: int, copy: int) -> Chunk:
    return Chunk(
        id="k_" + digest(document.id, section.heading, text, str(copy)),
        document_id=document.id,
        external_id=document.external_id,
        source=document.source,
        ordinal=ordinal,
        title=document.title,
        heading=section.heading,
        anchor=section.anchor,
        url=document.url,
        text=text,
        language=document.language,
        audience=document.audience,
        category=document.category,
    )


def _packed(blocks: Iterable[Block], limit: int, overlap: int) -> Iterator[str]:
    """Pieces joined to chunks that are about equally full, rather than full ones and a scrap at the end."""
    parts = [piece for block in blocks for piece in pieces(block, limit)]
    total = sum(_added(piece) for piece in parts)
    enough = total / max(1, -(-total // max(1, limit - overlap))) if total > limit else limit
    text, fresh, last = "", 0, None
    for piece in parts:
        if last is not None and (fresh >= enough or size(text) + _added(piece) > limit):
            yield text
            text, fresh = _repeated(text, last, piece, limit, overlap), 0
        text = text + piece.joint + piece.text if text else piece.text
        fresh, last = fresh + _added(piece), piece
    if text:
        yield text


def _added(piece: Piece) -> int:
    return size(piece.text) + len(piece.joint)


def _repeated(text: str, last: Piece, following: Piece, limit: int, overlap: int) -> str:
    """The last sentences of ``text``, with which the next chunk begins."""
    if not last.is_prose:
        return ""
    room = min(overlap, int(limit * MOST_OVER) - _added(following))
    kept: list[str] = []
    for sentence in reversed(list(sentences(text.rsplit(APART, 1)[-1]))):
        room -= size(sentence) + 1
        if room < 0:
            break
        kept.append(sentence)
    return " ".join(reversed(kept))
