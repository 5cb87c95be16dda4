"""A calibration: weights that turn signals into a probability, and what answers cost at each threshold.  Read-only, numpy-free.

The shipped one is made by ``python -m evals.train_confidence``; an operator's own by ``frontdesk eval calibrate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import exp
from pathlib import Path

import msgspec

from core.errors import ConfigError

FORMAT = 1
SHIPPED = "confidence.json"
OVERALL = ""
"""The name of the curve over all categories."""

MAX_BYTES = 1_000_000


class Linear(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A logistic model of signals; ``typical`` are their means where it was fitted, to tell what is unusual."""

    weights: dict[str, float]
    bias: float
    typical: dict[str, float] = {}

    def margin(self, signals: Mapping[str, float]) -> float:
        """The log-odds; a signal that is missing counts as typical."""
        return self.bias + sum(
            weight * signals.get(name, self.typical.get(name, 0.0)) for name, weight in self.weights.items()
        )

    def probability(self, signals: Mapping[str, float]) -> float:
        """0 to 1."""
        return 1 / (1 + exp(-max(-40.0, min(40.0, self.margin(signals)))))

    def shares(self, signals: Mapping[str, float]) -> dict[str, float]:
        """How far each signal moves the log-odds from where a typical one would be."""
        return {
            name: weight * (signals[name] - self.typical.get(name, 0.0))
            for name, weight in self.weights.items()
            if name in signals
        }


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answering from ``confidence`` on: the share of answers that is wrong, and of answerable questions that is not answered."""

    confidence: float
    wrong: float
    declined: float


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of index: its model, its curves by category, and the nine deciles of the confidences it was fitted on."""

    model: Linear
    curves: dict[str, tuple[Point, ...]]
    deciles: tuple[float, ...]

    def threshold(self, target: float, category: str = OVERALL) -> float:
        """The lowest confidence from which on at most ``target`` of the answers are wrong.

        A category without a curve of its own takes the overall one.  Where no threshold reaches the target, the one with the
        fewest wrong answers stands.
        """
        curve = self.curves.get(category) or self.curves[OVERALL]
        reached = [point.confidence for point in curve if point.wrong <= target]
        return min(reached) if reached else min(curve, key=lambda point: (point.wrong, point.confidence)).confidence


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an assessment needs.

    ``meaning`` is for an index with vectors, ``words`` for one without.  ``vague`` says how likely a question must be asked back
    first; from ``clarify_from`` on that is advised where no answer is, from ``ask_first_from`` on whatever was found.
    ``questions`` is how many it was fitted on, ``about`` says which.
    """

    format: int
    about: str
    questions: int
    meaning: Head
    words: Head
    vague: Linear
    clarify_from: float
    ask_first_from: float = 1.0

    def head(self, *, has_cosine: bool) -> Head:
        """The one that fits the index."""
        return self.meaning if has_cosine else self.words


@cache
def shipped() -> Calibration:
    """The calibration in the package, read at first use."""
    return decode(files(__package__).joinpath(SHIPPED).read_bytes())


def load(path: Path) -> Calibration:
    """An operator's own; ``ConfigError`` names the file, the mistake and the mend."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: too large for a calibration; make one with `frontdesk eval calibrate`")
        return decode(path.read_bytes())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"{path}: the calibration cannot be read ({reason}); make it with `frontdesk eval calibrate --out FILE`"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"{path}: not a calibration: {error}; make it anew with `frontdesk eval calibrate`"
        ) from error


def decode(stored: bytes) -> Calibration:
    """Read a calibration; ``ValueError`` says what is wrong with it."""
    found = msgspec.json.decode(stored, type=Calibration)
    if found.format != FORMAT:
        raise ValueError(f"it has format {found.format}, this version reads {FORMAT}")
    for name, head in (("meaning", found.meaning), ("words", found.words)):
        if not head.curves.get(OVERALL) or not all(head.curves.values()):
            raise ValueError(f"`{name}` needs a curve over all categories, and none may be empty")
        if len(head.deciles) != 9 or list(head.deciles) != sorted(head.deciles):
            raise ValueError(f"`{name}` needs nine rising deciles")
    return found


def encode(calibration: Calibration) -> bytes:
    """As stored: readable, the same bytes for the same numbers."""
    return msgspec.json.format(msgspec.json.encode(calibration, order="sorted"), indent=1) + b"\n"
