"""What stages measure with: a quick histogram that reads like Prometheus' own, and a store that is timed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from core.domain import Contact, EventKind, InboundEvent
from core.errors import StoreUnavailable
from core.ledger import Commit
from core.ports.store import TenantStore
from gateway.metrics import STORE_SECONDS
from gateway.quick_histogram import QuickHistogram
from gateway.store.embedded.sqlite import SqliteStore
from gateway.store.measured import OPERATIONS, measured

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def test_it_is_scraped_like_any_other_histogram() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    quick = QuickHistogram("x_seconds", "Of x", ["kind"], buckets=(0.01, 0.5, 1), registry=ours)
    usual = Histogram("x_seconds", "Of x", ["kind"], buckets=(0.01, 0.5, 1), registry=theirs)
    for kind, seconds in (("a", 0.001), ("a", 0.01), ("a", 0.0100001), ("b", 0.7), ("b", 1.0), ("b", 99.0)):
        quick.of(kind).observe(seconds)
        usual.labels(kind=kind).observe(seconds)
    told = [line for line in generate_latest(theirs).decode().splitlines() if "_created" not in line]
    assert generate_latest(ours).decode().splitlines() == told


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    quick = QuickHistogram("y_seconds", "Of y", buckets=(1,), registry=CollectorRegistry())
    quick.of().observe(-5.0)
    assert (quick.of().counts, quick.of().total) == ([1, 0], 0.0)
    with pytest.raises(ValueError, match="y_seconds has the labels"):
        quick.of("too many")


class Told:
    """An observer."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []

    def committed(self, tenant: str, commit: Commit) -> None:
        self.commits.append(commit)

    def settled(self, *_: object) -> None:
        """Nothing is delivered here."""


def calls(operation: str) -> int:
    return sum(STORE_SECONDS.of(operation).counts)


async def test_a_measured_store_is_the_store_with_a_watch(tmp_path: Path) -> None:
    store = measured(SqliteStore(tmp_path / "ledger.sqlite3", clock=lambda: AT))
    before = {name: calls(name) for name in OPERATIONS}
    told = Told()
    store.observer = told
    await store.start()
    tenant = store.for_tenant("acme")
    event = InboundEvent(
        tenant="acme", account="web", conv="c_1", dedupe_key="k1", kind=EventKind.MESSAGE, contact=Contact(id="v"),
        provider_at=AT, received_at=AT, text="hello",
    )  # fmt: skip
    assert await tenant.accept([event]) == (True,)
    assert await tenant.accept([event]) == (False,)
    turn = await tenant.open_turn("c_1", "w1")
    assert turn is not None and tenant.tenant == "acme" and store.for_tenant("acme") is tenant
    await tenant.append("c_1", nonce="n", build=lambda head: None)
    await store.check()
    await store.stop()
    with pytest.raises(StoreUnavailable):
        await tenant.accept([event])
    assert store.observer is told
    moved = {name: calls(name) - before[name] for name in OPERATIONS if calls(name) != before[name]}
    assert moved == {"accept": 3, "open_turn": 1, "append": 1}


def test_every_operation_of_the_port_is_measured() -> None:
    assert {"accept", "open_turn", "append", "next_delivery", "settle"} < OPERATIONS
    assert {name for name in vars(TenantStore) if not name.startswith("_")} - OPERATIONS == set()
