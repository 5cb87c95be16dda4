"""Which rule of a policy table can never decide, told from the conditions alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def contradiction(when: Mapping[str, Any]) -> bool:
    """Whether the confidence bounds leave nothing between them."""
    low, high = when.get("confidence_at_least"), when.get("confidence_below")
    return low is not None and high is not None and _is_number(low) and _is_number(high) and bool(low >= high)


def covers(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether ``earlier`` holds whenever ``later`` does, so that a later rule is never asked."""
    return all(
        _implied(key, bound, later.get(key)) for key, bound in earlier.items() if bound is not None and bound != []
    )


def _implied(key: str, earlier: Any, later: Any) -> bool:
    """Whether the later rule's condition on ``key`` makes the earlier one hold; false where it is not certain."""
    if later is None or later == []:
        return False
    if isinstance(earlier, list) and isinstance(later, list):
        return all(item in earlier for item in later)
    if _is_number(earlier) and _is_number(later):
        return bool(later <= earlier) if key.endswith("_below") else bool(later >= earlier)
    return isinstance(earlier, bool) and earlier is later


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
