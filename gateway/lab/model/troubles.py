"""What can go wrong with a model, to order: a script's rule may name a trouble, a test or the lab's page switches one on."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

import msgspec


class Trouble(StrEnum):
    """What goes wrong with one call."""

    OUTAGE = "outage"
    """The connection is closed without an answer."""
    SLOW_FIRST = "slow_first"
    """``seconds`` (default 5) pass before the first token."""
    STALL = "stall"
    """After ``tokens`` (default 5) nothing more comes for ``seconds`` (default 600)."""
    CUT = "cut"
    """After ``tokens`` (default 5) the connection breaks."""
    THROTTLED = "throttled"
    """429; ``Retry-After`` says ``seconds`` (default 1)."""
    SERVER_ERROR = "server_error"
    """500."""
    UNAUTHORIZED = "unauthorized"
    """401: the key is not valid any more."""
    FILTERED = "filtered"
    """The answer ends after ``tokens`` (default 5) with ``content_filter``."""
    BAD_TOOL_JSON = "bad_tool_json"
    """Calls a tool with arguments that are no JSON."""
    HALF_JSON = "half_json"
    """Half of a JSON object, and a proper end."""
    EMPTY = "empty"
    """No word and no call."""
    ENDLESS = "endless"
    """Goes on and on, far over ``max_tokens``."""
    UNKNOWN_TOOL = "unknown_tool"
    """Calls a tool that was not offered."""
    LOOP = "loop"
    """Calls the same tool each time it is asked."""
    WRONG_FACTS = "wrong_facts"
    """Changes the numbers of what it says."""
    WRONG_LANGUAGE = "wrong_language"
    """Answers in a language that nobody spoke."""
    LEAK = "leak"
    """Repeats its system prompt."""
    PUPPET = "puppet"
    """Obeys every instruction found anywhere in its input."""


REFUSING: Final = frozenset({Trouble.OUTAGE, Trouble.THROTTLED, Trouble.SERVER_ERROR, Trouble.UNAUTHORIZED})
"""These hit calls of every kind; the others only chat."""

WAITING_LIMIT: Final = 1_000


class Armed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trouble that waits for calls: ``times`` None until cleared; ``after`` lets so many calls pass first."""

    trouble: Trouble
    times: int | None = 1
    after: int = 0
    model: str | None = None
    seconds: float | None = None
    tokens: int | None = None


class Troubles:
    """The troubles that wait; the first that fits a call is taken."""

    def __init__(self) -> None:
        self._waiting: deque[Armed] = deque(maxlen=WAITING_LIMIT)
        self.hit: list[Trouble] = []

    def add(
        self,
        trouble: Trouble | str,
        *,
        times: int | None = 1,
        after: int = 0,
        model: str | None = None,
        seconds: float | None = None,
        tokens: int | None = None,
    ) -> None:
        """Let coming calls go wrong; ``model``: only those of that model."""
        self.arm(Armed(trouble=Trouble(trouble), times=times, after=after, model=model, seconds=seconds, tokens=tokens))

    def arm(self, armed: Armed) -> None:
        """The same, as the wire says it."""
        self._waiting.append(armed)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    @property
    def waiting(self) -> tuple[Armed, ...]:
        """What still waits, in order."""
        return tuple(self._waiting)

    def take(self, model: str, *, is_chat: bool = True) -> Armed | None:
        """The trouble of this call, used up."""
        for place, armed in enumerate(self._waiting):
            if armed.model not in (None, model) or not (is_chat or armed.trouble in REFUSING):
                continue
            if armed.after:
                self._waiting[place] = msgspec.structs.replace(armed, after=armed.after - 1)
                continue
            if armed.times is None:
                pass
            elif armed.times > 1:
                self._waiting[place] = msgspec.structs.replace(armed, times=armed.times - 1)
            else:
                del self._waiting[place]
            self.hit.append(armed.trouble)
            return armed
        return None
