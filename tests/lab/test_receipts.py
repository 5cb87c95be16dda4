"""Receipts on a real store: from a vendor's id to the turn that made the reply, and honest blanks where there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core import trace
from core.domain import DeliveryState, Destination, Head, Role, Voice
from core.ledger import CommitDraft, CommitKind, MessageDraft, OutboxDraft
from core.ports.engine import TurnResult
from core.ports.store import TenantStore
from gateway.lab.receipts import LedgerReceipts, receipt
from gateway.store.embedded.sqlite import SqliteStore
from tests.core import world

QUESTION = "How long do I have to return goods?"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TenantStore]:
    made = SqliteStore(tmp_path / "frontdesk.sqlite3", clock=lambda: world.T0)
    await made.start()
    yield made.for_tenant("acme")
    await made.stop()


async def turn_of(folder: Path, question: str) -> TurnResult:
    knowledge = world.IndexKnowledge(world.index_of(folder / "index", world.articles()))
    return await world.ask(world.engine(knowledge), question)


async def said(store: TenantStore, result: TurnResult, *, refs: str, agent: str | None = None) -> str:
    """Commit a turn (an agent's reply when one is named) and deliver it under the vendor's ids; the message's id."""

    def build(head: Head) -> CommitDraft:
        reply = result.reply
        assert reply is not None
        message = MessageDraft(
            role=Role.AGENT if agent else Role.BOT,
            author=agent,
            text=reply.text,
            citations=reply.citations,
            turn_id=None if agent else "t_1",
        )
        return CommitDraft(
            kind=CommitKind.CONTROL if agent else CommitKind.TURN,
            head=head,
            messages=(message,),
            outbox=(OutboxDraft(to=Destination.CHANNEL, voice=Voice.AGENT if agent else Voice.BOT, message=0),),
            turn_id=None if agent else "t_1",
            trace=None if agent else result.trace,
        )

    await store.accept([world.event(QUESTION)])
    appended = await store.append("c_1", nonce=refs, build=build)
    assert appended.commit is not None
    claimed = await store.next_delivery("c_1", Destination.CHANNEL, "w_1")
    assert claimed is not None
    await store.settle(claimed, DeliveryState.SENT, vendor_ref=refs)
    return appended.commit.messages[-1].id


async def test_every_part_of_a_reply_leads_to_its_receipt(store: TenantStore, tmp_path: Path) -> None:
    message_id = await said(store, await turn_of(tmp_path, QUESTION), refs="V1 V2")
    receipts = LedgerReceipts(store, "web")
    for refs in (["V1"], ["V2"], ["other", "V2"]):
        known = await receipts.of(refs)
        assert known is not None and known.receipt is not None
        assert (known.message_id, known.role, known.delivery) == (message_id, "bot", "sent")
        assert known.receipt.question == QUESTION
        assert known.receipt.decision == "answer"
        assert known.receipt.confidence is not None and known.receipt.confidence > 0.5
        assert known.receipt.sources[0].number == 1
        assert "30 days" in known.receipt.sources[0].quote
        assert "**" not in known.receipt.sources[0].quote
        assert known.receipt.rule == 11
        assert {step.name for step in known.receipt.steps} >= {"understand", "retrieve", "verdict", "answer", "guard"}
    assert await receipts.of(["V3"]) is None
    assert await LedgerReceipts(store, "other-account").of(["V1"]) is None


async def test_an_agents_words_are_known_without_a_receipt(store: TenantStore, tmp_path: Path) -> None:
    await said(store, await turn_of(tmp_path, QUESTION), refs="V1", agent="Sam Rivers")
    known = await LedgerReceipts(store, "web").of(["V1"])
    assert known is not None
    assert (known.role, known.author, known.receipt) == ("agent", "Sam Rivers", None)


async def test_the_newest_replies_of_the_newest_conversation(store: TenantStore, tmp_path: Path) -> None:
    receipts = LedgerReceipts(store, "web")
    assert await receipts.latest(5) == ()
    result = await turn_of(tmp_path, QUESTION)
    first = await said(store, result, refs="V1")
    second = await said(store, result, refs="V2", agent="Sam Rivers")
    assert [known.message_id for known in await receipts.latest(5)] == [first, second]
    assert [known.message_id for known in await receipts.latest(1)] == [second]


async def test_the_quoted_passage_is_marked(tmp_path: Path) -> None:
    result = await turn_of(tmp_path, QUESTION)
    assert result.reply is not None
    made = receipt(trace.decode(result.trace), result.reply.citations)
    quoted = [passage.place for passage in made.passages if passage.is_quoted]
    assert quoted == [f"{c.source}/{c.external_id}" for c in result.reply.citations]
    assert max(passage.share for passage in made.passages) == 1.0
    assert made.found >= len(made.passages)


async def test_a_turn_that_searched_nothing_says_so(tmp_path: Path) -> None:
    result = await turn_of(tmp_path, "I want to talk to a human")
    made = receipt(trace.decode(result.trace), ())
    assert (made.found, made.passages, made.confidence) == (0, [], None)
    assert "asks for a person" in made.noticed
    assert made.outcome.startswith("handed to people (asked)")


async def test_who_owns_the_conversation_since(store: TenantStore, tmp_path: Path) -> None:
    receipts = LedgerReceipts(store, "web")
    assert await receipts.ownership(world.T0) is None
    await said(store, await turn_of(tmp_path, QUESTION), refs="V1")
    owned = await receipts.ownership(world.T0)
    assert owned is not None and owned.owner == "bot"
    assert await receipts.ownership(world.T0 + timedelta(hours=1)) is None
