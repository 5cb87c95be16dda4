"""A generation's manifest: written last, so an interrupted build or a damaged disk is noticed at ``open``."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import msgspec

from core.errors import KnowledgeUnavailable

FORMAT = 3
"""Raise it when the same chunk would be indexed otherwise too: what stays of a former generation is copied."""

EXTENDED = 4
"""Format of a generation that was made from a former one: a program that does not know it must not take keys for rows."""

MANIFEST = "frontdesk-index.json"
HIDDEN = "hidden.log"
"""The only file that changes after the build; it is no part of what the manifest seals."""


class VectorSpace(msgspec.Struct, frozen=True, kw_only=True):
    """Which embedder made the vectors, and how long they are."""

    embedder: str
    dimension: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a complete generation.

    ``files`` is file name → (bytes, CRC-32); ``audiences`` are numbered by their place, ``languages`` counts chunks by the
    fields that they fill; ``vectors`` is None when the generation was built without an embedder.
    """

    format: int
    generation: str
    chunks: int
    audiences: tuple[str, ...]
    languages: dict[str, int]
    vectors: VectorSpace | None
    files: dict[str, tuple[int, int]]


def read(folder: Path, generation: str) -> Manifest:
    """The manifest of a sound folder; ``KnowledgeUnavailable`` when it is missing, damaged or of another generation."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        is_sound = manifest.format in (FORMAT, EXTENDED) and manifest.generation == generation
        if is_sound and files(folder) == manifest.files:
            return manifest
    except (OSError, ValueError) as error:
        raise KnowledgeUnavailable("The index cannot be opened.") from error
    raise KnowledgeUnavailable("The index is damaged or of another version.")


def seal(folder: Path, manifest: Manifest) -> None:
    """Write the manifest so that it is there whole or not at all."""
    unfinished = folder / (MANIFEST + ".part")
    with unfinished.open("wb") as file:
        file.write(msgspec.json.encode(manifest))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / MANIFEST)


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and checksum of every sealed file; lock files come and go with the index's users."""
    sealed = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix != ".lock" and path.name not in (MANIFEST, HIDDEN)
    )
    return {path.name: (path.stat().st_size, _crc(path)) for path in sealed}


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            crc = zlib.crc32(block, crc)
    return crc
