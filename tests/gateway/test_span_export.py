"""Spans leave in a thread of their own; what the collector does not take is dropped, counted and harms nobody."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from evals.serving import free_port
from gateway.metrics import SPANS
from gateway.span_export import BATCH, Collector, SpanExport
from gateway.tracing import Span
from tests.flows import collector as stand_in

MANY = 3 * BATCH


def spans(count: int) -> list[Span]:
    return [
        Span(trace=f"{number:032x}", id=f"{number:016x}", name="turn", began_ns=1, ended_ns=2, error="TurnError")
        for number in range(1, count + 1)
    ]


def counted() -> tuple[float, float]:
    """Sent and dropped until now, in this process."""
    values = {
        sample.labels["outcome"]: sample.value
        for metric in SPANS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    return values.get("sent", 0), values.get("dropped", 0)


async def exported(url: str, count: int, *, most: int = 2 * MANY, answer_s: float = 20) -> tuple[float, float]:
    """How many of so many spans were sent, and how many dropped."""
    before = counted()
    export = SpanExport(Collector(url=url, service="tests"), most=most, answer_s=answer_s)
    for span in spans(count):
        export.put(span)
    export.start()
    await asyncio.to_thread(export.stop, limit_s=20)
    await asyncio.to_thread(export.stop)
    export.put(spans(1)[0])
    after = counted()
    return after[0] - before[0], after[1] - before[1] - 1


async def test_all_that_waits_is_sent_at_the_end_in_batches() -> None:
    async with stand_in.collecting() as collector:
        assert await exported(collector.url + stand_in.PATH, MANY + 1) == (MANY + 1, 0)
        assert collector.requests == 4 and len({span.id for span in collector.spans}) == MANY + 1
        assert collector.services == {"tests"} and all(span.is_error for span in collector.spans)


async def test_more_than_may_wait_is_dropped_at_once() -> None:
    async with stand_in.collecting() as collector:
        assert await exported(collector.url + stand_in.PATH, 50, most=20) == (20, 30)


async def test_what_a_collector_refuses_or_never_answers_is_dropped() -> None:
    async with stand_in.collecting() as collector:
        collector.status = 400
        assert await exported(collector.url + stand_in.PATH, MANY) == (0, MANY)
        assert collector.requests == 1, "a collector that fails is not asked again at the end"
        collector.is_deaf = True
        assert await exported(collector.url + stand_in.PATH, 10, answer_s=0.3) == (0, 10)
    assert await exported(f"http://127.0.0.1:{free_port()}/v1/traces", 10, answer_s=0.3) == (0, 10)


def test_without_telemetry_none_of_its_libraries_is_loaded() -> None:
    asked = "import sys, gateway.serving; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
