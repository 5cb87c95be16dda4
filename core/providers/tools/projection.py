"""Which parts of a structured answer are kept: what is not named never reaches a model, a journal or a trace.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

EVERY: Final = "*"
MISSING: Final = object()


def parts(path: str) -> tuple[str, ...]:
    """``/order/items/0`` (JSON Pointer) or ``order.items.0`` as its parts."""
    if path.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
    return tuple(path.split("."))


@dataclass(frozen=True, slots=True)
class Projection:
    """Paths to keep.  Within a list a number picks one entry; any other part, or ``*``, goes into every entry."""

    paths: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def parse(cls, paths: tuple[str, ...]) -> Projection:
        """From the paths as written in YAML."""
        return cls(tuple(parts(path) for path in paths))

    @property
    def is_given(self) -> bool:
        """Whether anything is left out at all."""
        return bool(self.paths)

    def of(self, value: Any) -> Any:
        """The value with nothing but what is named, in its old shape."""
        if not self.paths:
            return value
        kept = _kept(value, self.paths)
        return {} if kept is MISSING else kept


def _kept(value: Any, paths: tuple[tuple[str, ...], ...]) -> Any:
    if any(not path for path in paths):
        return value
    match value:
        case Mapping():
            found = {
                key: _kept(inner, _below(paths, str(key))) for key, inner in value.items() if _below(paths, str(key))
            }
            left = {key: inner for key, inner in found.items() if inner is not MISSING}
            return left or MISSING
        case list():
            return _entries(value, paths)
    return MISSING


def _below(paths: tuple[tuple[str, ...], ...], key: str) -> tuple[tuple[str, ...], ...]:
    return tuple(path[1:] for path in paths if path[0] in (key, EVERY))


def _entries(entries: list[Any], paths: tuple[tuple[str, ...], ...]) -> Any:
    """Every entry by the paths that go into all of them, and by those that count to it."""
    kept = []
    for index, entry in enumerate(entries):
        here = tuple(
            path[1:] if path[0] in (EVERY, str(index)) else path
            for path in paths
            if path[0] in (EVERY, str(index)) or not path[0].isdigit()
        )
        if here and (found := _kept(entry, here)) is not MISSING:
            kept.append(found)
    return kept if kept or not entries else MISSING
