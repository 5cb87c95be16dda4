"""The block ``knowledge``: sources, when they are read, how documents are cut, and what a new release of them must pass."""

from __future__ import annotations

from typing import Annotated, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field, FilePath, SerializeAsAny, model_validator

from config.embedding import EmbedderBlock
from config.plugs import Block, Part, Slug
from core import cron


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone like Europe/Berlin or UTC")
    return name


def _times(text: str) -> str:
    cron.parse(text)
    return " ".join(text.split())


Share = Annotated[float, Field(ge=0, le=1)]
Hours = Annotated[float, Field(gt=0, le=8_760)]


class Schedule(Part):
    """When a source is read again by itself."""

    cron: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_times)]
    """Five fields of cron, minute first: `30 2 * * *` is every night at half past two; `@daily` and its like are known."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Whose clock the times are of, for example Europe/Berlin."""
    jitter_s: Annotated[int, Field(ge=0, le=3_600)] = 60
    """Up to so many seconds later, at random, so that not everybody asks the vendor at the full hour."""
    misfire_h: Hours = 12.0
    """A run that was missed (nobody was up) is made good within so many hours."""


class SourceBlock(Block):
    """Where knowledge comes from."""

    word = "kind"
    group = "sources"
    own = ("id", "kind", "schedule", "fresh_within_h")

    id: Slug
    """Unique within the tenant; part of citations and of `frontdesk sync ID`."""
    kind: str
    """Kind of source."""
    schedule: Schedule | None = None
    """When it is read again by itself; left out: `knowledge.schedule`."""
    fresh_within_h: Hours | None = None
    """How old its documents may get, in hours, before alerts are raised; left out: `knowledge.fresh_within_h`."""
    settings: SerializeAsAny[BaseModel]
    """The source's own keys."""


class Chunk(Part):
    """How documents are cut; a change rebuilds the index at the next sync."""

    tokens: Annotated[int, Field(ge=50, le=4_000)] = 500
    """About how many tokens a chunk has."""
    overlap: Annotated[int, Field(ge=0, le=1_000)] = 60
    """How many tokens of a chunk the next one repeats; less than `tokens`."""


class Gate(Part):
    """What a new release of the knowledge must pass before anybody is answered from it."""

    removed_at_most: Share = 0.2
    """The share of a source's documents that one sync may take away; more waits for `frontdesk sync --yes`.  1 allows all."""
    documents_at_least: Annotated[int, Field(ge=0)] = 0
    """How many documents a release has at least."""
    golden: FilePath | None = None
    """Questions with their right documents (docs/evals.md), asked of every release beforehand."""
    recall_at_least: Share = 0.0
    """The share of golden questions whose right document must be found."""
    wrong_answers_at_most: Share = 1.0
    """The share of golden questions without an answer that may be answered."""
    lost_at_most: Share = 1.0
    """The share of golden questions answered rightly today that may not be any more."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.golden is None and (self.recall_at_least, self.wrong_answers_at_most, self.lost_at_most) != (0, 1, 1):
            raise ValueError("has thresholds for golden questions, but no `golden` file")
        return self


class Knowledge(Part):
    """What the assistant answers from."""

    chunk: Chunk = Chunk()
    """How documents are cut."""
    embedder: EmbedderBlock = EmbedderBlock()
    """What turns texts into vectors, so that other words for the same thing are found."""
    gate: Gate = Gate()
    """What a new release must pass."""
    schedule: Schedule | None = None
    """When sources are read again by themselves, unless they say otherwise; left out: only by `frontdesk sync`."""
    fresh_within_h: Hours | None = None
    """How old documents may get, in hours, before alerts are raised; left out: twice the time between scheduled runs."""
    sources: tuple[SourceBlock, ...] = ()
    """Where knowledge comes from."""
