"""Patterns compiled at their first use: to read them takes longer than to import the modules that hold them.

A serving process compiles them all, beside its work, as soon as it is ready.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

_WHAT: Final = tuple(name for name in dir(re.Pattern) if not name.startswith("_"))


class _Compiled:
    """Stands for a compiled pattern: what it can do, as attributes, found as fast as the pattern's own."""


class _Later(_Compiled):
    """Stands for a pattern that nobody used yet; whatever is asked of it first compiles it."""

    def __init__(self, text: str, flags: int) -> None:
        self._asked = text, flags

    def __getattr__(self, name: str) -> Any:
        made = re.compile(*self._asked)
        for what in _WHAT:
            setattr(self, what, getattr(made, what))
        self.__class__ = _Compiled  # type: ignore[assignment]  # its attributes are there now
        return getattr(made, name)


_LATER: Final[list[_Later]] = []


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """As ``re.compile``, for patterns of modules that are used by their methods; a mistake in one shows when it is used."""
    _LATER.append(later := _Later(text, flags))
    return cast("re.Pattern[str]", later)


def compile_all() -> int:
    """Compile what was not used yet, and say how many patterns had waited; for a worker thread."""
    waited = len(_LATER)
    while _LATER:
        _ = cast("re.Pattern[str]", _LATER.pop()).pattern
    return waited
