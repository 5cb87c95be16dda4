"""A generation's manifest: the last object written into its collection, and the same bytes in its folder.

The object is what counts: a replica that has no folder opens the generation by it.  A folder without its file is a build that
did not end.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from core.errors import KnowledgeUnavailable
from core.providers.embedded.manifest import VectorSpace
from core.providers.weaviate.collections import CONTENT
from core.providers.weaviate.names import uuid_of
from core.providers.weaviate.shelf import MANIFEST, Entry, Shelf

FORMAT: Final = 1
"""Raise it when the same chunk would be indexed otherwise: what stays of a former generation is copied."""

FILE = "frontdesk-weaviate.json"
_UUID = uuid_of(MANIFEST, "")


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in a complete generation.

    ``languages`` counts chunks; ``vectors`` is None without an embedder; ``words`` is how many pieces the vocabulary has and
    ``checksum`` its CRC-32; ``replaced`` counts chunks that came or went since all was last built from the documents.
    """

    format: int
    generation: str
    collection: str
    chunks: int
    audiences: tuple[str, ...]
    languages: dict[str, int]
    vectors: VectorSpace | None
    words: int
    checksum: int
    replaced: int = 0

    @property
    def encoded(self) -> str:
        """As written, the same for the same."""
        return msgspec.json.encode(self, order="deterministic").decode()

    @property
    def entry(self) -> Entry:
        """As an object."""
        return Entry(uuid=_UUID, properties={"kind": MANIFEST, CONTENT: self.encoded})


def read(shelf: Shelf, generation: str, folder: Path | None = None) -> Manifest:
    """The manifest of a sealed generation; ``KnowledgeUnavailable`` when there is none, or the folder says otherwise."""
    held = shelf.named([_UUID])
    if not held:
        raise KnowledgeUnavailable("Weaviate does not hold this generation whole.")
    content = held[0].properties.get(CONTENT, "")
    if folder is not None and folder.exists() and _local(folder) != content.encode():
        raise KnowledgeUnavailable("The folder is not that of the generation in Weaviate.")
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise KnowledgeUnavailable("The generation in Weaviate is damaged or of another version.") from error
    if (manifest.format, manifest.generation, manifest.collection) != (FORMAT, generation, shelf.collection):
        raise KnowledgeUnavailable("The generation in Weaviate is of another version.")
    return manifest


def is_sealed(shelf: Shelf) -> bool:
    """Whether the build of a collection came to its end."""
    return bool(shelf.named([_UUID]))


def generation_in(folder: Path) -> str:
    """The generation that a folder is of; by its name when it is not on this replica."""
    if not folder.exists():
        return folder.name
    try:
        return msgspec.json.decode(_local(folder), type=Manifest).generation
    except msgspec.MsgspecError as error:
        raise KnowledgeUnavailable("The folder of the generation is damaged.") from error


def seal(folder: Path, manifest: Manifest) -> None:
    """Write the file so that it is there whole or not at all."""
    unfinished = folder / (FILE + ".part")
    with unfinished.open("wb") as file:
        file.write(manifest.encoded.encode())
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / FILE)


def _local(folder: Path) -> bytes:
    try:
        return (folder / FILE).read_bytes()
    except OSError as error:
        raise KnowledgeUnavailable("The folder of the generation holds no manifest: its build did not end.") from error
