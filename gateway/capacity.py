"""What a load needs, worked out line by line from measured figures and stated assumptions: arithmetic, nothing else.

Every line shows its formula with the numbers in it, so that a reader can disagree with one and put in their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Final

import msgspec

DAY_S: Final = 86_400
PASSING_DAYS: Final = 14
"""How long events, turns, journals and attempts are kept (docs/operations.md)."""

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class Load(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of the installation; ``messages`` are a contact's, each of which gets a turn and an answer.

    ``peak`` is the busiest second over the mean of a day: 12 is a whole day's messages in two hours.
    Prices are per million tokens.
    """

    conversations: Positive = 1_000_000
    messages: Positive = 6
    peak: Annotated[float, msgspec.Meta(ge=1)] = 12
    searches: NotNegative = 1
    streams: NotNegative = 10_000
    chunks: NotNegative = 150_000
    dimension: Positive = 384
    history_days: Positive = 365
    model_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    tokens_in: NotNegative = 3_000
    tokens_out: NotNegative = 250
    input_price: NotNegative = 0.15
    output_price: NotNegative = 0.6


class Figures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one piece does.  Where each number comes from, and on what machine, is in docs/capacity.md."""

    turns_per_s: Positive = 631
    engine_ms: Positive = 16
    streams_per_process: Positive = 10_000
    stream_kib: Positive = 17
    headroom: Share = 0.6
    writes_per_message: Positive = 16.8
    kept_bytes: Positive = 3_050
    passing_bytes: Positive = 5_700
    disk_factor: Positive = 1.5
    shard_writes_per_s: Positive = 10_000
    shard_tb: Positive = 2
    searches_per_s: Positive = 187
    object_bytes: NotNegative = 2_000
    node_cores: Positive = 8
    node_gib: Positive = 32
    live_per_message: Positive = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One need: ``formula`` is how ``value`` came about."""

    about: str
    what: str
    value: float
    unit: str
    formula: str


def lines(load: Load, figures: Figures) -> tuple[Line, ...]:
    """What the load needs, engine after engine."""
    return (
        *_asked(load),
        *_frontdesk(load, figures),
        *_mongodb(load, figures),
        *_weaviate(load, figures),
        *_redis(load, figures),
        *_models(load),
    )


def _per_day(load: Load) -> float:
    return load.conversations * load.messages


def _at_peak(load: Load) -> float:
    return _per_day(load) / DAY_S * load.peak


def _asked(load: Load) -> tuple[Line, ...]:
    day, peak = _per_day(load), _at_peak(load)
    return (
        Line(
            about="load",
            what="messages a day",
            value=day,
            unit="",
            formula=f"{told(load.conversations)} conversations × {told(load.messages)} messages",
        ),
        Line(
            about="load",
            what="turns at peak",
            value=peak,
            unit="/s",
            formula=f"{told(day)} ÷ {told(DAY_S)} s × {told(load.peak)}",
        ),
        Line(
            about="load",
            what="searches at peak",
            value=peak * load.searches,
            unit="/s",
            formula=f"{told(peak)} × {told(load.searches)} a turn",
        ),
    )


def _frontdesk(load: Load, figures: Figures) -> tuple[Line, ...]:
    """A replica is one process on one core."""
    turn_ms = 1_000 / figures.turns_per_s + figures.engine_ms
    cores = _at_peak(load) * turn_ms / 1_000 / figures.headroom
    for_streams = load.streams / figures.streams_per_process
    replicas = max(ceil(cores), ceil(for_streams)) + 1
    return (
        Line(
            about="Frontdesk",
            what="cores for turns",
            value=cores,
            unit="",
            formula=f"{told(_at_peak(load))}/s × (1000 ÷ {told(figures.turns_per_s)} + {told(figures.engine_ms)}) ms"
            f" ÷ {told(figures.headroom)} headroom",
        ),
        Line(
            about="Frontdesk",
            what="processes for streams",
            value=for_streams,
            unit="",
            formula=f"{told(load.streams)} streams ÷ {told(figures.streams_per_process)}",
        ),
        Line(
            about="Frontdesk",
            what="memory of streams",
            value=load.streams * figures.stream_kib / 1024,
            unit="MiB",
            formula=f"{told(load.streams)} × {told(figures.stream_kib)} KiB, over all replicas",
        ),
        Line(
            about="Frontdesk",
            what="replicas",
            value=replicas,
            unit="",
            formula="the larger of the two, rounded up, and one that may be away",
        ),
    )


def _mongodb(load: Load, figures: Figures) -> tuple[Line, ...]:
    day, writes = _per_day(load), _at_peak(load) * figures.writes_per_message
    kept_gb = day * figures.kept_bytes * figures.disk_factor / 1e9
    passing_gb = day * figures.passing_bytes * figures.disk_factor * PASSING_DAYS / 1e9
    stored_tb = (kept_gb * load.history_days + passing_gb) / 1_000
    by_writes = writes / figures.shard_writes_per_s / figures.headroom
    by_storage = stored_tb / figures.shard_tb / figures.headroom
    disk = told(figures.disk_factor)
    return (
        Line(
            about="MongoDB",
            what="document writes at peak",
            value=writes,
            unit="/s",
            formula=f"{told(_at_peak(load))}/s × {told(figures.writes_per_message)} a message",
        ),
        Line(
            about="MongoDB",
            what="growth a day",
            value=kept_gb,
            unit="GB",
            formula=f"{told(day)} × {told(figures.kept_bytes)} B × {disk} on disk",
        ),
        Line(
            about="MongoDB",
            what=f"passing, {PASSING_DAYS} days",
            value=passing_gb,
            unit="GB",
            formula=f"{told(day)} × {told(figures.passing_bytes)} B × {disk} × {PASSING_DAYS}",
        ),
        Line(
            about="MongoDB",
            what="stored in the end",
            value=stored_tb,
            unit="TB",
            formula=f"{told(kept_gb)} GB × {told(load.history_days)} days + {told(passing_gb)} GB",
        ),
        Line(
            about="MongoDB",
            what="shards by writes",
            value=by_writes,
            unit="",
            formula=f"{told(writes)} ÷ {told(figures.shard_writes_per_s)}/s ÷ {told(figures.headroom)} headroom",
        ),
        Line(
            about="MongoDB",
            what="shards by storage",
            value=by_storage,
            unit="",
            formula=f"{told(stored_tb)} ÷ {told(figures.shard_tb)} TB ÷ {told(figures.headroom)} headroom",
        ),
        Line(
            about="MongoDB",
            what="shards",
            value=max(ceil(by_writes), ceil(by_storage)),
            unit="",
            formula="the larger of the two, rounded up; each a replica set of three",
        ),
    )


def _weaviate(load: Load, figures: Figures) -> tuple[Line, ...]:
    vector_bytes = load.dimension * 4
    memory_gib = load.chunks * (2 * vector_bytes + figures.object_bytes) / 2**30
    cores = _at_peak(load) * load.searches / figures.searches_per_s / figures.headroom
    nodes = max(ceil(memory_gib / figures.node_gib / figures.headroom), ceil(cores / figures.node_cores), 1)
    return (
        Line(
            about="Weaviate",
            what="memory of a copy",
            value=memory_gib,
            unit="GiB",
            formula=f"{told(load.chunks)} chunks × (2 × {told(load.dimension)} × 4 B + {told(figures.object_bytes)} B)",
        ),
        Line(
            about="Weaviate",
            what="cores for searches",
            value=cores,
            unit="",
            formula=f"{told(_at_peak(load) * load.searches)}/s ÷ {told(figures.searches_per_s)}/s a core"
            f" ÷ {told(figures.headroom)} headroom",
        ),
        Line(
            about="Weaviate",
            what="nodes",
            value=nodes + 1,
            unit="",
            formula=f"by memory ({told(figures.node_gib)} GiB) or cores ({told(figures.node_cores)}), the larger,"
            " and one that may be away",
        ),
    )


def _redis(load: Load, figures: Figures) -> tuple[Line, ...]:
    return (
        Line(
            about="Redis",
            what="messages at peak",
            value=_at_peak(load) * figures.live_per_message,
            unit="/s",
            formula=f"{told(_at_peak(load))}/s × {told(figures.live_per_message)} live events a message",
        ),
    )


def _models(load: Load) -> tuple[Line, ...]:
    turns = _per_day(load) * load.model_share
    return (
        Line(
            about="models",
            what="turns a model writes, at peak",
            value=_at_peak(load) * load.model_share,
            unit="/s",
            formula=f"{told(_at_peak(load))}/s × {told(load.model_share)}",
        ),
        Line(
            about="models",
            what="spend a day, in its currency",
            value=turns * (load.tokens_in * load.input_price + load.tokens_out * load.output_price) / 1e6,
            unit="",
            formula=f"{told(turns)} × ({told(load.tokens_in)} × {told(load.input_price)}"
            f" + {told(load.tokens_out)} × {told(load.output_price)}) ÷ 1,000,000",
        ),
    )


def told(number: float) -> str:
    """A number as people read it: whole when it is large or whole, else three digits that count."""
    if number == int(number) or abs(number) >= 1_000:
        return f"{round(number):,}"
    return f"{number:.3g}"


def table(needs: Sequence[Line]) -> str:
    """The lines as a table in Markdown, aligned, so that it reads well where it is printed, too."""
    head = ("for", "what", "need", "how")
    rows = [(n.about, n.what, f"{told(n.value)} {n.unit}".replace(" /s", "/s").strip(), n.formula) for n in needs]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    ruled = tuple("-" * width for width in widths)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, ruled, *rows)
    )
