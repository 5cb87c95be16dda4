"""What things are called in a Weaviate: made of tenant and generation, within its alphabets, never the same for two.

A collection's name takes letters and digits only and is compared without case; names of tenants and generations are shown as far
as they are such, and a digest tells them apart.
"""

from __future__ import annotations

import re
from uuid import NAMESPACE_OID, uuid5

from core.ids import digest

PREFIX = "Frontdesk"
SHOWN = 24
"""Characters of a name that are shown."""

TOLD_APART = 16
"""Hexadecimal digits of a digest: 64 bits."""

_OTHERS = re.compile(r"[^a-z0-9]+")


def collection_of(tenant: str, generation: str) -> str:
    """The collection of a generation."""
    return f"{prefix_of(tenant)}{_named(generation)}"


def prefix_of(tenant: str) -> str:
    """How the collections of a tenant begin, and no other's."""
    return f"{PREFIX}_{_named(tenant)}_"


def alias_of(tenant: str) -> str:
    """The alias of a tenant's live generation."""
    return f"{prefix_of(tenant)}live"


def shelf_of(tenant: str) -> str:
    """The tenant within a collection, which every request names."""
    return _named(tenant)


def key_of(name: str) -> str:
    """An audience's or a document's name as it is compared: Weaviate trims texts, and a digest has nothing to trim."""
    return digest(name)


def uuid_of(kind: str, id: str) -> str:
    """The same for the same: an object that is written twice is there once."""
    return str(uuid5(NAMESPACE_OID, digest(kind, id)))


def _named(name: str) -> str:
    return f"{_OTHERS.sub('', name.lower())[:SHOWN]}_{digest(name)[:TOLD_APART]}"
