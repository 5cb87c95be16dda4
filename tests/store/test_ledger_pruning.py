"""Forgetting in the document ledger: a process may die between any two deletions, and the next one finishes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain import DeliveryState
from core.inbound import Receipt
from core.ports.store import Preview
from gateway.store.ledger import DocumentStore
from gateway.store.ledger_pruning import Pruning
from tests.contracts.fake_documents import Crash, FakeDocuments, Fate, drive
from tests.contracts.rigs import Pair
from tests.contracts.words import CONV, answer, claim_next

BOUND = timedelta(days=14)
WRITES = 11
"""So many deletions and marks forget this conversation."""


def dying_after(pair: Pair, writes: int) -> DocumentStore:
    """A process that dies before its next write after so many."""
    fates = iter([Fate.APPLY] * writes + [Fate.CRASH_BEFORE])
    documents = FakeDocuments(pair.server, fates=lambda: next(fates))
    return DocumentStore(documents, clock=pair.clock, monotonic=pair.monotonic, new_id=pair.new_id)


def old_conversation() -> Pair:
    """A message that was delivered in two parts on the second try, of which nothing was reported but a late "read" of one."""
    pair = Pair()
    commit = drive(answer(pair.one, "a"))
    drive(pair.one.save_preview(Preview(turn_id=commit.turn_id, shown="the")))
    drive(pair.one.record_step(commit.turn_id, "model.1", b"words"))
    first = drive(claim_next(pair.one))
    drive(pair.one.settle(first, DeliveryState.PENDING, vendor_ref="r1", retry_at=pair.clock.now))
    drive(pair.one.settle(drive(claim_next(pair.one)), DeliveryState.SENT, vendor_ref="r2"))
    pair.clock.advance(days=15)
    return pair


@pytest.mark.parametrize("writes", range(WRITES + 1))
def test_a_process_that_dies_while_it_forgets_leaves_nothing_half_forgotten(writes: int) -> None:
    pair = old_conversation()
    dying = dying_after(pair, writes)
    has_died = False
    try:
        drive(dying.system.prune(before=pair.clock.now - BOUND))
    except Crash:
        has_died = True
    drive(pair.two.record_receipt(Receipt(conv=CONV, vendor_ref="r2", state=DeliveryState.READ)))
    stored = drive(pair.two.message(f"{CONV}#1#1"))
    assert stored.delivery is DeliveryState.SENT
    drive(pair.second.system.prune(before=pair.clock.now - BOUND))
    left = {name: pair.server.documents(name) for name in pair.server.collections}
    gone = ("events", "turns", "tries", "steps", "previews", "attempts", "refs")
    assert {name: left.get(name) or [] for name in gone} == {name: [] for name in gone}
    assert len(left["receipts"]) == 1
    pair.clock.advance(days=15)
    drive(pair.second.system.prune(before=pair.clock.now - BOUND))
    assert pair.server.documents("receipts") == []
    assert has_died == (writes < WRITES)


def test_more_than_a_page_is_forgotten_and_what_waits_is_passed_over() -> None:
    pair = Pair()
    for number in range(5):
        drive(pair.one.claim(f"toolrun|{number}", "kept"))
        drive(pair.one.claim(f"tool|t|v|2020-01-01|{number}", "gone"))
    drive(answer(pair.one, "a"))
    for number in range(8):
        claimed = drive(claim_next(pair.one))
        drive(pair.one.settle(claimed, DeliveryState.PENDING, vendor_ref=f"r{number}", retry_at=pair.clock.now))
    pair.clock.advance(days=15)
    drive(Pruning(pair.first.documents, page=3).prune(pair.clock.now - BOUND))
    assert {document["value"] for document in pair.server.documents("claims")} == {"kept"}
    assert len(pair.server.documents("attempts")) == len(pair.server.documents("refs")) == 8
    assert drive(claim_next(pair.one)).sent_refs == tuple(f"r{number}" for number in range(8))
    assert drive(pair.one.sent_message(CONV, "r0")) == f"{CONV}#1#1"
