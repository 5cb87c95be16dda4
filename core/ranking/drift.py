"""Do today's confidences look like those of the questions a calibration was made on?  Bounded, thread-safe.

The population stability index over the deciles at fit time: the rule of thumb of credit scoring, where the index comes from, is
that below 0.1 nothing has changed and above 0.25 the model should be fitted anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from threading import Lock

WINDOW = 1_000
"""So many of the latest questions are compared: a few days of a small desk."""

AT_LEAST = 200
"""With fewer, chance alone moves the index past 0.1."""

CHANGED, MOVED = 0.1, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """The verdict over the last ``questions``; ``index`` is None while there are too few to tell."""

    questions: int
    index: float | None
    verdict: str

    @property
    def is_serious(self) -> bool:
        """Whether the calibration should be made anew."""
        return self.index is not None and self.index >= MOVED


class Drift:
    """A window of confidences beside the deciles they should fall into evenly."""

    def __init__(self, deciles: Sequence[float], *, window: int = WINDOW, at_least: int = AT_LEAST) -> None:
        self._edges = _edges(deciles)
        self._expected = _expected(deciles, self._edges)
        self._bins: deque[int] = deque(maxlen=window)
        self._at_least = min(at_least, window)
        self._lock = Lock()

    def add(self, confidence: float) -> None:
        """One more question."""
        place = bisect_left(self._edges, confidence)
        with self._lock:
            self._bins.append(place)

    def drifted(self) -> Drifted:
        """What the window says."""
        with self._lock:
            bins = list(self._bins)
        if len(bins) < self._at_least:
            said = f"too few questions to tell ({len(bins)} of {self._at_least})"
            return Drifted(questions=len(bins), index=None, verdict=said)
        index = round(self._index(bins), 4)
        return Drifted(questions=len(bins), index=index, verdict=_verdict(index))

    def _index(self, bins: Sequence[int]) -> float:
        total = 0.0
        for place, expected in enumerate(self._expected):
            found = (bins.count(place) + 0.5) / (len(bins) + 0.5 * len(self._expected))
            total += (found - expected) * log(found / expected)
        return total


def _edges(deciles: Sequence[float]) -> list[float]:
    """Equal deciles are one edge."""
    return sorted(set(deciles))


def _expected(deciles: Sequence[float], edges: Sequence[float]) -> list[float]:
    """The share of questions between two edges: a tenth for every decile that ends there."""
    ends = [sum(1 for decile in deciles if decile <= edge) for edge in edges]
    tenths = [after - before for before, after in zip([0, *ends], [*ends, len(deciles) + 1], strict=True)]
    return [tenth / (len(deciles) + 1) for tenth in tenths]


def _verdict(index: float) -> str:
    if index < CHANGED:
        return "questions and knowledge look as they did when the calibration was made"
    if index < MOVED:
        return "confidences have shifted a little since the calibration was made; look again soon"
    return "confidences are not what they were: calibrate anew on questions of these days (`frontdesk eval calibrate`)"
