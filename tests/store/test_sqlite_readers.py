"""What a contact reads in the ledger is settled with the commit that says it."""

from __future__ import annotations

from pathlib import Path

from core.domain import Audience, DeliveryState, Destination
from core.ledger import Commit
from tests.store.sqlite_world import CONV, TENANT, event, says, store_at


class Heard:
    """The order in which an observer is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def committed(self, tenant: str, commit: Commit) -> None:
        self.told.append(f"commit {commit.seq}")

    def settled(self, tenant: str, conv: str, message_id: str | None, state: DeliveryState) -> None:
        self.told.append(f"{message_id} {state}")


async def test_a_reply_is_readable_with_its_commit_and_still_counted_as_delivered(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await store.start()
    tenant = store.for_tenant(TENANT)
    await tenant.accept([event(1)])
    store.observer, store.readers = heard, _ = Heard(), lambda: {"web"}
    assert (await tenant.append(CONV, nonce="n", build=says)).commit is not None
    (said,) = await tenant.transcript(CONV, audience=Audience.CONTACT)
    assert said.delivery is DeliveryState.SENT
    assert heard.told == ["commit 1", f"{said.id} sent"]
    assert (await tenant.append(CONV, nonce="n", build=says)).is_duplicate
    row = await tenant.next_delivery(CONV, Destination.CHANNEL, "w")
    assert row is not None
    assert row.is_settled
    assert row.told_id == said.id
    assert await tenant.next_delivery(CONV, Destination.CHANNEL, "w") is None
    assert heard.told == ["commit 1", f"{said.id} sent"]
    await store.stop()


async def test_a_process_that_ends_before_it_counts_leaves_nothing_to_deliver(tmp_path: Path) -> None:
    first = store_at(tmp_path)
    await first.start()
    first.readers = lambda: {"web"}
    await first.for_tenant(TENANT).accept([event(1)])
    await first.for_tenant(TENANT).append(CONV, nonce="n", build=says)
    await first.stop()
    second = store_at(tmp_path)
    await second.start()
    tenant = second.for_tenant(TENANT)
    assert await tenant.next_delivery(CONV, Destination.CHANNEL, "w") is None
    assert len(await tenant.transcript(CONV, audience=Audience.CONTACT)) == 1
    await second.stop()
