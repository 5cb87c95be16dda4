"""The collections and aliases of a tenant: made, listed, named and removed."""

from __future__ import annotations

from typing import Any

from core.providers.weaviate.names import alias_of, collection_of, prefix_of, shelf_of
from core.providers.weaviate.server import WeaviateServer

FILTERED = ("kind", "audience", "document")
"""Properties that are compared whole."""

SEARCHED = ("title", "body", "codes")
"""Properties of tokens, which BM25 searches."""

CONTENT = "content"
"""What an object holds, as text that nothing looks into."""


def create(server: WeaviateServer, tenant: str, generation: str) -> None:
    """An empty collection for one tenant; whatever had its name is removed first."""
    name = collection_of(tenant, generation)
    with server.schema() as client:
        client.collections.delete(name)
        client.collections.create_from_dict(_definition(name))
        client.collections.get(name).tenants.create(shelf_of(tenant))


def of_tenant(server: WeaviateServer, tenant: str) -> dict[str, bool]:
    """The tenant's collections, and whether each was made here.

    One that was not is what Weaviate made by itself of a late batch for a collection that was removed: its tenants are not apart.
    """
    prefix = prefix_of(tenant)
    with server.schema() as client:
        known = client.collections.list_all(simple=False)
    return {name: each.multi_tenancy_config.enabled for name, each in known.items() if name.startswith(prefix)}


def delete(server: WeaviateServer, name: str) -> None:
    """Remove a collection; safe when there is none."""
    with server.schema() as client:
        client.collections.delete(name)


def point(server: WeaviateServer, tenant: str, generation: str) -> None:
    """The tenant's alias names this generation from now on; safe twice."""
    alias, name = alias_of(tenant), collection_of(tenant, generation)
    with server.schema() as client:
        if client.alias.exists(alias_name=alias):
            client.alias.update(alias_name=alias, new_target_collection=name)
        else:
            client.alias.create(alias_name=alias, target_collection=name)


def unpoint(server: WeaviateServer, tenant: str, generation: str) -> None:
    """The alias names this generation no more."""
    alias = alias_of(tenant)
    with server.schema() as client:
        known = client.alias.get(alias_name=alias)
        if known is not None and known.collection == collection_of(tenant, generation):
            client.alias.delete(alias_name=alias)


def _definition(name: str) -> dict[str, Any]:
    """As REST takes it.

    Stop words are ours; vectors are not made smaller behind our back (the server's default may be), so that cosines are those of
    the embedder.
    """
    return {
        "class": name,
        "description": "A generation of Frontdesk's knowledge.",
        "vectorizer": "none",
        "vectorIndexType": "hnsw",
        "vectorIndexConfig": {"distance": "cosine", "skipDefaultQuantization": True},
        "invertedIndexConfig": {"stopwords": {"preset": "none"}, "bm25": {"k1": 1.2, "b": 0.75}},
        "multiTenancyConfig": {"enabled": True, "autoTenantCreation": False, "autoTenantActivation": True},
        "properties": [
            *(_property(each, "field", is_filtered=True) for each in FILTERED),
            *(_property(each, "whitespace", is_searched=True) for each in SEARCHED),
            _property(CONTENT, "field"),
        ],
    }


def _property(name: str, tokenization: str, *, is_filtered: bool = False, is_searched: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "dataType": ["text"],
        "tokenization": tokenization,
        "indexFilterable": is_filtered,
        "indexSearchable": is_searched,
    }
