"""What an entity is, and what a tenant may set about them.  Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NAMING: Final = frozenset(("order", "tracking", "email", "phone", "iban", "card", "url", "amount", "date"))
"""Kinds that point at something of the contact's own; numbers, times and durations say little by themselves."""

KINDS: Final = (
    "order", "tracking", "email", "phone", "iban", "card", "url", "amount", "date", "time", "period", "duration", "number",
    "product",
)  # fmt: skip
"""The built-in kinds; a tenant's own have other names."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One fact of a message; two are the same when kind and text are.

    ``text`` is as written, but for cards, which are shown masked.  ``start`` and ``end`` are code points of the message, -1 when
    not known.  ``value`` is the normal form (docs/understanding.md), None where the message leaves it open.  ``carried``: named
    in an earlier message and still the one meant.
    """

    kind: str
    text: str
    start: int = field(default=-1, compare=False)
    end: int = field(default=-1, compare=False)
    value: str | None = field(default=None, compare=False)
    carried: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEntity:
    """A kind of the tenant's own: a pattern, or words with their synonyms (word → synonyms); case and accents do not matter."""

    pattern: str | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySettings:
    """``region`` (ISO 3166, "GB") is where a phone number without a country code is dialled, whose dollars and crowns are
    meant and, for "US", that months come first; empty: nothing of this is guessed.

    ``products`` are product names with their synonyms; ``custom`` are kinds by name.
    """

    region: str = ""
    products: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    custom: Mapping[str, CustomEntity] = field(default_factory=dict)
