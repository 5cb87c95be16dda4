"""Which way a branch goes.  Pure: comparisons of one value with what the operator wrote, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.flows.flow import BranchStep, Case
from core.flows.listening import plain
from core.flows.places import look_up
from core.flows.state import Around
from core.flows.values import MAX_PATTERN_CHARS
from core.ports.tools import Verification

AROUND = ("verification", "language", "hours")
"""Names that no slot may have."""

LEVELS = {level.value: rank for rank, level in enumerate(Verification)}


def way(branch: BranchStep, slots: Mapping[str, Any], around: Around) -> str:
    """The step of the first case that holds."""
    return next((case.then for case in branch.cases if holds(case, slots, around)), branch.otherwise)


def holds(case: Case, slots: Mapping[str, Any], around: Around) -> bool:
    """Whether all comparisons of the case hold; a value that is not there fails every one but ``exists: false``."""
    value = _value(case.on, slots, around)
    if case.exists is not None and case.exists is not (value is not None):
        return False
    asked = (case.equals is not None, bool(case.among), case.at_least is not None, case.below is not None, case.matches)
    if not any(asked):
        return True
    if value is None:
        return False
    return (
        (case.equals is None or is_same(value, case.equals))
        and (not case.among or any(is_same(value, one) for one in case.among))
        and (case.at_least is None or _is_at_least(value, case.at_least))
        and (case.below is None or _is_below(value, case.below))
        and (
            case.matches is None or re.search(case.matches, _text(value)[:MAX_PATTERN_CHARS], re.IGNORECASE) is not None
        )
    )


def _value(name: str, slots: Mapping[str, Any], around: Around) -> Any:
    match name:
        case "verification":
            return around.verified.value
        case "language":
            return around.language
        case "hours":
            return around.hours
        case _:
            return look_up(slots, name)


def is_same(value: Any, wanted: str | float | bool) -> bool:
    """Equal as people read it: case, accents and 2 or 2.0 do not matter; true is not 1."""
    if isinstance(value, list):
        return any(is_same(item, wanted) for item in value)
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return value == wanted
    return plain(_text(value)) == plain(_text(wanted)) and _text(value) != ""


def _is_at_least(value: Any, bound: float | str) -> bool:
    """Levels of verification, numbers, ISO dates; two sorts have no order, and neither comparison holds."""
    if isinstance(value, str) and isinstance(bound, str):
        return LEVELS[value] >= LEVELS[bound] if {value, bound} <= LEVELS.keys() else value >= bound
    first, second = _number(value), _number(bound)
    return first is not None and second is not None and first >= second


def _is_below(value: Any, bound: float | str) -> bool:
    is_ordered = isinstance(value, str) and isinstance(bound, str)
    is_ordered = is_ordered or (_number(value) is not None and _number(bound) is not None)
    return is_ordered and not _is_at_least(value, bound)


def _number(value: Any) -> float | None:
    """Results of tools often hold their numbers as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}(?:\.\d{1,9})?", value) else None


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
