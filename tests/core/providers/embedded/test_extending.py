"""What the embedded index copies of a former generation, what it leaves behind, and what it never asks its embedder again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.ports.knowledge import Chunk, SearchQuery
from core.providers.embedded import EmbeddedEngine
from core.providers.embedded import manifest as manifests
from core.providers.embedded.embedding import text_of
from core.providers.embedded.manifest import EXTENDED, FORMAT, MANIFEST, Manifest
from core.providers.embedded.store import CHUNKS as CHUNK_FILE
from core.providers.embedded.store import ChunkReader
from core.providers.embedded.text import KEYS
from core.providers.embedded.vectors import BITS, ROWS, SCALES, SMALL
from core.providers.embedders.static import StaticEmbedder
from tests.contracts.concepts import ConceptEmbedder
from tests.contracts.extension_contract import BASE, NEWS, PAD
from tests.core.providers.embedded.test_former import Counting


def manifest_of(folder: Path) -> Manifest:
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)


def vectors_of(folder: Path) -> dict[str, tuple[bytes, float]]:
    """Chunk id → its row as it is stored."""
    chunks, rows, scales = ChunkReader(folder), np.load(folder / ROWS), np.load(folder / SCALES)
    return {chunks.read(row).id: (rows[row].tobytes(), float(scales[row])) for row in range(len(rows))}


def extended(folder: Path, embedder: StaticEmbedder, gone: Sequence[str], chunks: Sequence[Chunk]) -> Path:
    """ "two" made of "one", which is of BASE."""
    EmbeddedEngine(StaticEmbedder()).build(folder / "one", "one", BASE)
    made = EmbeddedEngine(embedder, whole_below=0).extend(
        folder / "two", "two", folder / "one", gone=gone, chunks=chunks
    )
    assert made is not None
    return folder / "two"


def test_vectors_are_those_of_a_whole_build_and_only_new_words_are_embedded(tmp_path: Path) -> None:
    embedder, moved = Counting(), replace(PAD[3], id="k_moved", document_id="d_moved")
    chunks = [NEWS, moved, replace(PAD[4], audience="staff")]
    folder = extended(tmp_path, embedder, [PAD[3].document_id, PAD[4].document_id], chunks)
    assert embedder.texts == [text_of(NEWS)]
    whole = (*(chunk for chunk in BASE if chunk not in PAD[3:5]), *chunks)
    EmbeddedEngine(StaticEmbedder()).build(tmp_path / "whole", "whole", whole)
    assert vectors_of(folder) == vectors_of(tmp_path / "whole")


def test_the_manifest_counts_what_is_there(tmp_path: Path) -> None:
    german = replace(NEWS, language="de-AT")
    made = manifest_of(extended(tmp_path, StaticEmbedder(), ["d_secret"], [german]))
    assert (made.format, made.chunks, made.languages) == (EXTENDED, len(BASE), {"en": len(BASE) - 1, "de": 1})
    assert made.audiences == ("public", "partner")
    assert manifest_of(tmp_path / "one").format == FORMAT


def test_what_is_gone_leaves_no_chunk_behind(tmp_path: Path) -> None:
    folder = extended(tmp_path, StaticEmbedder(), ["d_secret"], [NEWS])
    assert b"forty percent" in (tmp_path / "one" / CHUNK_FILE).read_bytes()
    assert b"forty percent" not in (folder / CHUNK_FILE).read_bytes()


def test_keys_rise_whatever_moves(tmp_path: Path) -> None:
    folder = extended(tmp_path, StaticEmbedder(), ["d_returns", PAD[-1].document_id], [NEWS])
    engine, before = EmbeddedEngine(StaticEmbedder(), whole_below=0), np.load(folder / KEYS)
    assert before.tolist() == [*range(1, len(BASE) - 1), len(BASE)]
    engine.extend(tmp_path / "three", "three", folder, gone=["d_news", PAD[0].document_id], chunks=[BASE[0], PAD[0]])
    keys = np.load(tmp_path / "three" / KEYS)
    assert np.all(np.diff(keys) > 0) and len(keys) == len(BASE) - 1
    index = engine.open(tmp_path / "three", "three")
    for chunk in (BASE[0], PAD[0], PAD[7]):
        assert index.search(SearchQuery(text=chunk.text, limit=1)).passages[0].chunk == chunk
    index.close()


def test_text_and_chunks_that_are_not_the_same_are_noticed(tmp_path: Path) -> None:
    """A sound folder whose keys are one too few, as only another program could write it."""
    folder = extended(tmp_path, StaticEmbedder(), ["d_secret"], [])
    known = manifest_of(folder)
    np.save(folder / KEYS, np.load(folder / KEYS)[:-1])
    lying = msgspec.structs.replace(known, chunks=known.chunks - 1, files=manifests.files(folder))
    (folder / MANIFEST).write_bytes(msgspec.json.encode(lying))
    with pytest.raises(ValueError, match="text index"):
        EmbeddedEngine(StaticEmbedder(), whole_below=0).extend(tmp_path / "x", "x", folder, gone=(), chunks=[NEWS])


@pytest.mark.parametrize("other", [None, ConceptEmbedder(), ConceptEmbedder(dimension=32)])
def test_another_embedder_builds_whole(tmp_path: Path, other: ConceptEmbedder | None) -> None:
    EmbeddedEngine(ConceptEmbedder(name="one")).build(tmp_path / "one", "one", BASE)
    assert (
        EmbeddedEngine(other, whole_below=0).extend(tmp_path / "two", "two", tmp_path / "one", gone=(), chunks=[NEWS])
        is None
    )


def test_it_may_grow_beyond_what_is_scanned_exactly(tmp_path: Path) -> None:
    embedder = ConceptEmbedder(dimension=64)
    engine, texts = EmbeddedEngine(embedder), [f"battery {n} parcel {n % 7}" for n in range(SMALL + 200)]
    chunks = [replace(NEWS, id=f"k_{n}", document_id=f"d_{n}", text=text) for n, text in enumerate(texts)]
    engine.build(tmp_path / "one", "one", chunks[:SMALL])
    assert not (tmp_path / "one" / BITS).exists()
    made = engine.extend(tmp_path / "two", "two", tmp_path / "one", gone=["d_5", "d_9"], chunks=chunks[SMALL:])
    assert made == len(chunks) - 2 and np.load(tmp_path / "two" / BITS).shape == (1, made)
    engine.build(tmp_path / "whole", "whole", [chunk for chunk in chunks if chunk.id not in ("k_5", "k_9")])
    assert vectors_of(tmp_path / "two") == vectors_of(tmp_path / "whole")
