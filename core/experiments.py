"""Experiments: which conversations get which variant of the engine's settings.  Pure.

Who takes part and which variant they get are two lots drawn from the conversation's id: widening a share keeps everybody who
was in, a new variant takes conversations only for itself, and two experiments know nothing of each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import msgspec

from core.segments import Segment, Who, lot, misfit

if TYPE_CHECKING:
    from core.settings import EngineSettings

OVERRIDABLE: Final = frozenset(
    (
        "history",
        "passages",
        "answer.words",
        "answer.passages",
        "answer.list_items",
        "converse.voice",
        "converse.instructions",
        "converse.formality",
        "converse.strict",
        "converse.rewrite",
        "converse.passages",
        "converse.passage_chars",
        "converse.tokens",
        "converse.strong_from",
        "converse.patience_s",
        "converse.summary_every",
        "converse.cache.enabled",
        "converse.cache.similarity",
        "converse.fast_path.enabled",
        "converse.fast_path.confidence",
        "converse.fast_path.margin",
        "converse.fast_path.coverage",
    )
)
"""What a variant may set: how an answer is made.  Never who may read what (audiences), when people come in (rules,
categories), or what a turn may do (steps)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way of doing it; ``weight`` is its share beside the others', ``overrides`` nests like ``EngineSettings``."""

    weight: float = 1.0
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A comparison of variants on a share (0-1) of the conversations of a segment.

    It runs from ``starts_on`` through ``ends_on``, whole days in UTC.  ``salt`` draws the lots anew when it changes.
    """

    id: str
    variants: Mapping[str, Variant]
    share: float = 1.0
    segment: Segment = field(default_factory=Segment)
    starts_on: date | None = None
    ends_on: date | None = None
    salt: str = ""

    def runs_on(self, day: date) -> bool:
        """Whether it runs on a day."""
        has_begun = self.starts_on is None or self.starts_on <= day
        return has_begun and (self.ends_on is None or day <= self.ends_on)


def assigned(experiment: Experiment, conv: str) -> str | None:
    """The variant of a conversation; None: it takes no part.

    Among the variants the quickest of clocks that tick at the rate of their weights wins: each wins its share, and none of
    the others' conversations change hands when one is added or removed.
    """
    if lot(experiment.salt, experiment.id, "share", conv) >= experiment.share:
        return None
    times = {
        name: -math.log(lot(experiment.salt, experiment.id, "variant", name, conv)) / variant.weight
        for name, variant in experiment.variants.items()
        if variant.weight > 0
    }
    return min(times, key=lambda name: (times[name], name)) if times else None


def exposure(experiments: Sequence[Experiment], who: Who, *, on: date) -> dict[str, str]:
    """Experiment id → variant of those that a conversation takes part in; for receipts and metrics."""
    running = (e for e in experiments if e.runs_on(on) and misfit(e.segment, who) is None)
    drawn = ((experiment.id, assigned(experiment, who.conv)) for experiment in running)
    return {id: name for id, name in drawn if name is not None}


def applied(settings: EngineSettings, experiments: Sequence[Experiment], exposed: Mapping[str, str]) -> EngineSettings:
    """The settings under the variants of ``exposed``; later experiments win, though ``frontdesk check`` allows no overlap.

    ``ValueError`` for an override that is not allowed or of another type than the setting.
    """
    chosen = [e.variants[exposed[e.id]].overrides for e in experiments if e.id in exposed]
    merged: dict[str, Any] = {}
    for overrides in chosen:
        refused = sorted(set(paths(overrides)) - OVERRIDABLE)
        if refused:
            raise ValueError(f"an experiment may not set {', '.join(refused)}")
        merged = _over(merged, overrides)
    if not merged:
        return settings
    return msgspec.convert(_over(msgspec.to_builtins(settings), merged), type(settings))


def paths(overrides: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The settings a variant sets: "answer.words"."""
    for name, value in overrides.items():
        if isinstance(value, Mapping):
            yield from paths(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **below,
        **{
            name: _over(below.get(name) or {}, value) if isinstance(value, Mapping) else value
            for name, value in above.items()
        },
    }
