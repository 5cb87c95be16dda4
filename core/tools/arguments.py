"""A model's raw arguments → plain values in one canonical form, or a reason why not.  Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

MAX_BYTES = 16_384
"""No vetted tool needs more, and everything after this is linear in it."""

MAX_DEPTH = 8
MAX_EXACT = 2**53
"""Larger whole numbers are not safe as JSON numbers on the other side."""


class Unreadable(ValueError):
    """The arguments cannot be read; the message says why and holds none of them."""


def parse(raw: str) -> dict[str, Any]:
    """The JSON object in ``raw``; an empty text is an empty object, since some models send that for "no arguments"."""
    if len(raw) > MAX_BYTES or len(raw.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Unreadable(f"the arguments are longer than {MAX_BYTES} bytes")
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("the arguments are not valid JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("the arguments are not a JSON object")
    plain: dict[str, Any] = _plain(value, MAX_DEPTH)
    return plain


def canonical(arguments: Mapping[str, Any]) -> str:
    """One text for equal arguments, whatever the order of their keys."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys occur once: what is checked must be what every reader behind us sees."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable("an argument is given twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not a JSON number")


def _plain(value: Any, depth: int) -> Any:
    if depth < 0:
        raise Unreadable(f"the arguments are nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {_text(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, str):
        return _text(value)
    return _number(value) if isinstance(value, float) else _whole(value)


def _number(value: float) -> float | int:
    """50.0 is 50, so that it is no second call with the same meaning."""
    if not math.isfinite(value):
        raise Unreadable("a number is too large")
    return int(value) if value.is_integer() and abs(value) <= MAX_EXACT else value


def _whole(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > MAX_EXACT:
        raise Unreadable("a number is too large")
    return value


def _text(value: str) -> str:
    """Text any encoder takes; control characters have no business in an argument."""
    if any((ch < " " and ch not in "\n\r\t") or ch == "\x7f" or "\ud800" <= ch <= "\udfff" for ch in value):
        raise Unreadable("a text holds control characters")
    return value
