"""One tenant's objects in one collection: every request names both, so that none can reach another's.

Kinds of objects: ``chunk``; ``words``, a piece of the vocabulary; ``hidden``, in place of a chunk that is found no more;
``manifest``, written last.  Only chunks have an audience, tokens and a vector.  Audiences and documents are keys (``key_of``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from weaviate.proto.v1 import aggregate_pb2, base_pb2, base_search_pb2, batch_delete_pb2, batch_pb2, search_get_pb2

from core.ports.embedding import Vectors
from core.providers.weaviate.collections import CONTENT, SEARCHED
from core.providers.weaviate.names import collection_of, shelf_of
from core.providers.weaviate.scoring import PROPERTIES
from core.providers.weaviate.server import SLOW_S, WeaviateServer

CHUNK, WORDS, HIDDEN, MANIFEST = "chunk", "words", "hidden", "manifest"
PAGE = 200
MOST: Final = 10_000
"""Objects that one request may name or get (QUERY_MAXIMUM_RESULTS)."""

_FIRST = "00000000-0000-0000-0000-000000000000"
_ANY = base_pb2.Filters.OPERATOR_CONTAINS_ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An object to write, or as it was read; ``vector`` is None without one, or when it was not asked for."""

    uuid: str
    properties: Mapping[str, str]
    vector: Vectors | None = field(default=None, compare=False)


class Shelf:
    """Reads and writes the objects; ``KnowledgeUnavailable`` as ``WeaviateServer.call`` raises it."""

    def __init__(self, server: WeaviateServer, tenant: str, collection: str) -> None:
        self._server = server
        self.collection = collection
        self._tenant = shelf_of(tenant)

    @classmethod
    def of_generation(cls, server: WeaviateServer, tenant: str, generation: str) -> Shelf:
        """That of a generation."""
        return cls(server, tenant, collection_of(tenant, generation))

    def worded(
        self, tokens: str, audiences: Sequence[str], limit: int, *, vectors: bool, seconds: float
    ) -> list[Entry]:
        """The best chunks by BM25 among those of these audiences, with their tokens."""
        asked = base_search_pb2.BM25(query=tokens, properties=PROPERTIES)
        request = self._search(
            (*SEARCHED, CONTENT), limit, vectors=vectors, filters=_one_of("audience", audiences), bm25_search=asked
        )
        return self._found(request, seconds)

    def nearest(self, vector: Vectors, audiences: Sequence[str], limit: int, *, seconds: float) -> list[Entry]:
        """The chunks nearest in meaning among those of these audiences, without their tokens."""
        packed = base_pb2.Vectors(
            vector_bytes=vector.astype("<f4").tobytes(), type=base_pb2.Vectors.VECTOR_TYPE_SINGLE_FP32
        )
        request = self._search(
            (CONTENT,),
            limit,
            vectors=True,
            filters=_one_of("audience", audiences),
            near_vector=base_search_pb2.NearVector(vectors=[packed]),
        )
        return self._found(request, seconds)

    def named(self, uuids: Sequence[str], *, vectors: bool = False, seconds: float = SLOW_S) -> list[Entry]:
        """Those of these objects that there are, in no order."""
        found: list[Entry] = []
        for part in _parts(uuids):
            request = self._search((CONTENT,), len(part), vectors=vectors, filters=_one_of("_id", part))
            found += self._found(request, seconds)
        return found

    def all(self) -> Iterator[Entry]:
        """Every object with its vector, page by page."""
        last = _FIRST
        while True:
            request = self._search(("kind", "audience", "document", *SEARCHED, CONTENT), PAGE, vectors=True, after=last)
            page = self._found(request, SLOW_S)
            yield from page
            if len(page) < PAGE:
                return
            last = page[-1].uuid

    def of(self, kind: str, documents: Collection[str] | None = None, limit: int = MOST) -> list[Entry]:
        """Objects of a kind with their document, of all documents or of some (keys), as many as one request gives."""
        filters = _kind(kind) if documents is None else _all(_kind(kind), _one_of("document", sorted(documents)))
        return self._found(self._search(("document",), limit, vectors=False, filters=filters), SLOW_S)

    def count(self, kind: str, documents: Collection[str] | None = None) -> int:
        """How many objects of a kind there are, of all documents or of some."""
        if documents is None:
            return self._count(_kind(kind))
        return sum(self._count(_all(_kind(kind), _one_of("document", part))) for part in _parts(sorted(documents)))

    def insert(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Write objects, over those of the same ids; the places of those that were refused, and why."""
        request = batch_pb2.BatchObjectsRequest(
            objects=[self._object(entry) for entry in entries],
            consistency_level=base_pb2.CONSISTENCY_LEVEL_QUORUM,
        )
        return {error.index: error.error for error in self._server.call("BatchObjects", request, SLOW_S).errors}

    def delete(self, uuids: Sequence[str]) -> None:
        """Remove objects; safe when they are gone."""
        for part in _parts(uuids):
            request = batch_delete_pb2.BatchDeleteRequest(
                collection=self.collection,
                tenant=self._tenant,
                filters=_one_of("_id", part),
                consistency_level=base_pb2.CONSISTENCY_LEVEL_QUORUM,
            )
            self._server.call("BatchDelete", request, SLOW_S)

    def _search(self, properties: Sequence[str], limit: int, *, vectors: bool, **more: Any) -> Any:
        return search_get_pb2.SearchRequest(
            collection=self.collection,
            tenant=self._tenant,
            limit=min(limit, MOST),
            properties=search_get_pb2.PropertiesRequest(non_ref_properties=properties),
            metadata=search_get_pb2.MetadataRequest(uuid=True, vector=vectors),
            uses_123_api=True,
            uses_125_api=True,
            uses_127_api=True,
            **more,
        )

    def _found(self, request: Any, seconds: float) -> list[Entry]:
        return [_entry(found) for found in self._server.call("Search", request, seconds).results]

    def _count(self, filters: Any) -> int:
        request = aggregate_pb2.AggregateRequest(
            collection=self.collection, tenant=self._tenant, objects_count=True, filters=filters
        )
        return int(self._server.call("Aggregate", request, SLOW_S).single_result.objects_count)

    def _object(self, entry: Entry) -> Any:
        made = batch_pb2.BatchObject(uuid=entry.uuid, collection=self.collection, tenant=self._tenant)
        made.properties.non_ref_properties.update(dict(entry.properties))
        if entry.vector is not None:
            made.vector_bytes = entry.vector.astype("<f4").tobytes()
        return made


def _entry(found: Any) -> Entry:
    fields = found.properties.non_ref_props.fields
    packed = found.metadata.vector_bytes
    return Entry(
        uuid=found.metadata.id,
        properties={name: value.text_value for name, value in fields.items()},
        vector=np.frombuffer(packed, "<f4") if packed else None,
    )


def _one_of(name: str, values: Sequence[str]) -> Any:
    return base_pb2.Filters(
        operator=_ANY,
        target=base_pb2.FilterTarget(property=name),
        value_text_array=base_pb2.TextArray(values=values),
    )


def _kind(kind: str) -> Any:
    return _one_of("kind", (kind,))


def _all(*filters: Any) -> Any:
    return base_pb2.Filters(operator=base_pb2.Filters.OPERATOR_AND, filters=filters)


def _parts(names: Sequence[str], size: int = 1_000) -> Iterator[Sequence[str]]:
    for at in range(0, len(names), size):
        yield names[at : at + size]
