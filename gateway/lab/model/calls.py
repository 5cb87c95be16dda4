"""What was asked of the stand-in: a bounded record for tests and for the lab's page, without keys."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

KEPT: Final = 200
MAX_LAGS: Final = 20_000
MAX_BODY_BYTES: Final = 262_144
"""Of a longer request nothing but its model is kept."""

MASKED: Final = frozenset({"authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"})


@dataclass(slots=True, kw_only=True)
class Call:
    """One request and how it ended: ``running``, ``done``, ``gone`` (the caller left), ``cut`` or ``refused``."""

    number: int
    path: str
    headers: Mapping[str, str]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    model: str = ""
    purpose: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    trouble: str | None = None
    said: str = ""
    status: int = 0
    ended: str = "running"
    began_s: float = field(default_factory=monotonic)
    ended_s: float = 0.0
    writes: list[tuple[float, int]] = field(default_factory=list)
    """When a stream wrote, and how many pieces; these three by the computer's monotonic clock, for measurements."""

    def asked(self, model: str, raw: bytes) -> None:
        """Keep what was asked, within bounds."""
        self.model = model
        self.body = json.loads(raw) if len(raw) <= MAX_BODY_BYTES else {}

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The prompt as it was sent."""
        return list(self.body.get("messages", ()))

    def view(self) -> dict[str, Any]:
        """For the lab's page: no prompt, only what happened."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "path": self.path,
            "model": self.model,
            "purpose": self.purpose,
            "rule": self.rule,
            "trouble": self.trouble,
            "status": self.status,
            "ended": self.ended,
            "said": self.said[:400],
        }


class Calls:
    """The newest calls."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: deque[Call] = deque(maxlen=kept)
        self.count = 0
        self.running = 0
        self.lags: deque[float] = deque(maxlen=MAX_LAGS)
        """How late streams wrote, in seconds, newest last."""

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, place: int) -> Call:
        return self._kept[place]

    def begin(self, path: str, headers: Mapping[str, str]) -> Call:
        """A request came."""
        self.count += 1
        self.running += 1
        masked = {name: "***" if name.lower() in MASKED else value for name, value in headers.items()}
        call = Call(number=self.count, path=path, headers=masked)
        self._kept.append(call)
        return call

    def end(self, call: Call, how: str) -> None:
        """It is over."""
        self.running -= 1
        call.ended, call.ended_s = how, monotonic()

    def late_ms(self) -> dict[str, float]:
        """How late the newest writes were: in the middle, of the worst in a hundred, and at most."""
        known = sorted(self.lags) or [0.0]
        places = {"p50": len(known) // 2, "p99": (len(known) * 99) // 100, "most": len(known) - 1}
        return {name: round(known[place] * 1_000, 1) for name, place in places.items()}

    def clear(self) -> None:
        """Forget what was asked."""
        self._kept.clear()
