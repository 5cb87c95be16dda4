"""Conditions of the port as MongoDB's plain operators.

MongoDB compares alike types only, and a field that is absent equals null, as the port wants it; two things differ.  ``$lte``
and ``$gte`` against null match null, and ``$in`` of nothing costs a question: such conditions hold for no document and are
not asked.  A condition on a field of several values would ask about each of them, so the ledger has none.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.store.documents import Condition, Where

Filter = dict[str, Any]

OPERATORS: Final = {"eq": "$eq", "ne": "$ne", "lt": "$lt", "le": "$lte", "gt": "$gt", "ge": "$gte", "in": "$in"}
RANGES: Final = ("lt", "le", "gt", "ge")


def can_hold(where: Where) -> bool:
    """Whether any document could meet all conditions."""
    return not any(_never(condition) for condition in where)


def _never(condition: Condition) -> bool:
    _, comparison, wanted = condition
    if comparison == "in":
        return not isinstance(wanted, tuple) or not wanted
    return comparison in RANGES and wanted is None


def filter_of(where: Where, *, conv: str | None = None, id: str | None = None) -> Filter:
    """Shard key first, then the id, then the conditions; two of one kind on one field stand in an ``$and``."""
    asked: Filter = {name: {"$eq": value} for name, value in (("conv", conv), ("_id", id)) if value is not None}
    more: list[Filter] = []
    for name, comparison, wanted in where:
        value = list(wanted) if isinstance(wanted, tuple) else wanted
        clause: Filter = {OPERATORS[comparison]: value}
        if comparison == "in" and isinstance(value, list) and len(value) == 1:
            clause = {"$eq": value[0]}
        place = asked.setdefault(name, {})
        if clause.keys() & place.keys():
            more.append({name: clause})
        else:
            place.update(clause)
    return {**asked, "$and": more} if more else asked
