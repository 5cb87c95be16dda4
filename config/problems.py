"""Mistakes as values: where, what, how to mend.  No text made here may hold a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal

from core.errors import ConfigError

Loc = tuple[str | int, ...]
"""Path of a value in the file: keys and list indexes from the root."""

Severity = Literal["error", "warning"]

LOGIN_IN_ADDRESS: Final = re.compile(r"//[^/\s@]*@")

MIN_HIDDEN: Final = 4
"""Shorter secrets are not searched for in texts: replacing every "a" would hide the message, not the secret."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in the file, counted from 1 as editors do."""

    line: int
    column: int


TOP: Final = Place(1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake; printed as ``file:line:column: what; did you mean …?; how to mend``."""

    file: str
    line: int
    column: int
    what: str
    hint: str
    severity: Severity = "error"

    def __str__(self) -> str:
        mark = "warning: " if self.severity == "warning" else ""
        tail = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {mark}{self.what}{tail}"


class ConfigProblems(ConfigError):
    """The file cannot be used; ``problems`` holds every mistake (and warning) in file order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(slots=True)
class Report:
    """Collects the problems of one file, each place at most once per text, and knows what must stay out of them."""

    file: str
    hidden: set[str] = field(default_factory=set)
    spoilt: set[Loc] = field(default_factory=set)
    _found: dict[tuple[Place, str], Problem] = field(default_factory=dict)

    def add(self, place: Place, what: str, hint: str = "", *, severity: Severity = "error") -> None:
        """Note a problem; the same text at the same place counts once."""
        problem = Problem(
            file=self.file,
            line=place.line,
            column=place.column,
            what=" ".join(what.split()),
            hint=" ".join(hint.split()),
            severity=severity,
        )
        self._found.setdefault((place, problem.what), problem)

    def spoil(self, loc: Loc) -> None:
        """The value at ``loc`` has its problem already; what validation says about it or below is an echo."""
        self.spoilt.add(loc)

    def is_spoilt(self, loc: Loc) -> bool:
        """Whether ``loc`` or something above it was reported before validation."""
        return any(loc[: len(bad)] == bad for bad in self.spoilt)

    def hide(self, secret: str) -> None:
        """Never print this value."""
        if len(secret) >= MIN_HIDDEN:
            self.hidden.update((secret, repr(secret)[1:-1]))

    def clean(self, text: str) -> str:
        """Words made elsewhere, which may quote a value, without what must not be printed."""
        for secret in sorted(self.hidden, key=len, reverse=True):
            # Whole words only: a password "short" must not show itself as a hole in "shorter".
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "[secret]", text)
        return LOGIN_IN_ADDRESS.sub("//[secret]@", text)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems in file order."""
        return tuple(sorted(self._found.values(), key=lambda p: (p.line, p.column, p.what)))

    @property
    def has_errors(self) -> bool:
        """Whether the file cannot be used."""
        return any(p.severity == "error" for p in self._found.values())


def label(loc: Loc) -> str:
    """``tenants[0].accounts[1].greeting``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question with the nearest known word, or nothing."""
    names = list(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6) or get_close_matches(
        word.lower(), [n.lower() for n in names], n=1, cutoff=0.6
    )
    match = next((n for n in names if near and n.lower() == near[0].lower()), None)
    return f"did you mean `{match}`?" if match else ""


def hints(*parts: str) -> str:
    """Join what is there with ``; ``."""
    return "; ".join(part for part in parts if part)


def listed(words: Iterable[str]) -> str:
    """``a, b, c``."""
    return ", ".join(words)
