"""What is remembered between two listings: from when changes are asked for, and when everything was listed last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

_TEXT: Final = re.compile(r"(\d{1,11})/(\d{1,11})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """``since`` is by Zendesk's clock, ``swept`` by ours, in Unix seconds."""

    since: int
    swept: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """A cursor written before; None for any other text."""
        found = _TEXT.fullmatch(text)
        return None if found is None else cls(since=int(found[1]), swept=int(found[2]))

    def __str__(self) -> str:
        return f"{self.since}/{self.swept}"
