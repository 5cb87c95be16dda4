"""Whatever a verified request means is durable before the vendor is told, once, and nothing is invented."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from core.domain import Audience, DeliveryState, EventKind, InboundEvent, MessageKind
from core.errors import CredentialsInvalid
from core.inbound import AccountLost, Elsewhere, Ignored, LinkProof, Reaction, Receipt, Respond
from core.ports.channel import Channel
from gateway.intake import elsewhere
from tests.gateway.stage import ACCOUNT, RecordingChannel, Stage, conv_of, running

CONV = conv_of("t1")


async def answered(stage: Stage) -> str:
    """A conversation with one delivered reply; its message id."""
    await stage.say("hello")
    await stage.settled()
    return (await stage.transcript())[1].id


def ignored(reason: str) -> float:
    return REGISTRY.get_sample_value("frontdesk_ignored_total", {"channel": "recording", "reason": reason}) or 0.0


@pytest.mark.parametrize(
    ("kind", "text", "reason", "told"),
    [
        (EventKind.CONTACT_EDITED, "order 12", None, "It now reads:\n\norder 12"),
        (EventKind.CONTACT_DELETED, "", None, "deleted an earlier message"),
        (EventKind.CONTACT_LEFT, "", "blocked", "blocked this chat"),
        (EventKind.CONTACT_LEFT, "", "opted_out", "opted out"),
    ],
)
async def test_what_a_contact_does_beside_writing_is_noted_once(
    tmp_path: Path, kind: EventKind, text: str, reason: str | None, told: str
) -> None:
    async with running(tmp_path) as stage:
        await answered(stage)
        event = stage.event(text, kind=kind, reason=reason, target="k1")
        for _ in range(2):
            await stage.intake.take(stage.channel, [event])
        notes = [m for m in await stage.transcript(audience=Audience.DESK) if m.kind is MessageKind.NOTE]
        assert [told in note.text for note in notes] == [True]
        assert len(await stage.texts()) == 2
        assert len(stage.engine.turns) == 1


async def test_a_control_of_a_conversation_nobody_began_begins_none(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        before = ignored("unknown_conversation")
        await stage.intake.take(stage.channel, [stage.event("", kind=EventKind.CONTACT_LEFT, reason="blocked")])
        assert await stage.tenant.head(CONV) is None
        assert ignored("unknown_conversation") == before + 1


async def test_a_receipt_moves_the_message(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        message_id = await answered(stage)
        await stage.intake.take(
            stage.channel, [Receipt(conv=CONV, vendor_ref="ref-1", state=DeliveryState.READ, error=None)]
        )
        stored = await stage.tenant.message(message_id)
        assert stored is not None
        assert stored.delivery is DeliveryState.READ


async def test_a_late_refusal_is_told_once(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []

    class Refusals:
        async def refused_later(self, tenant: str, receipt: Receipt, message_id: str) -> None:
            told.append((receipt.error or "", message_id))

    async with running(tmp_path) as stage:
        stage.intake.refusals = Refusals()
        message_id = await answered(stage)
        refused = Receipt(conv=CONV, vendor_ref="ref-1", state=DeliveryState.REJECTED, error="63016")
        await stage.intake.take(stage.channel, [refused])
        await stage.intake.take(stage.channel, [refused])
        assert told == [("63016", message_id)]


async def test_a_reaction_is_feedback_on_its_message_once(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        message_id = await answered(stage)
        reaction = Reaction(conv=CONV, vendor_ref="ref-1", key="thumb:U2", rating=5)
        await stage.intake.take(stage.channel, [reaction, reaction])
        (given,) = await stage.tenant.feedback(CONV)
        assert (given.message_id, given.rating) == (message_id, 5)


async def test_a_reaction_to_something_else_is_ignored(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        await answered(stage)
        before = ignored("not_our_message")
        await stage.intake.take(stage.channel, [Reaction(conv=CONV, vendor_ref="theirs", key="k", rating=1)])
        assert await stage.tenant.feedback(CONV) == ()
        assert ignored("not_our_message") == before + 1


async def test_a_lost_account_is_parked_and_its_inbox_kept(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        fresh = await stage.intake.take(stage.channel, [stage.event("still here"), AccountLost("tokens_revoked")])
        assert fresh == 1
        assert stage.accounts.parked[ACCOUNT].reason == "tokens_revoked"
        await stage.settled()
        assert await stage.texts() == ["still here", "You said: still here"]
        assert ACCOUNT not in stage.accounts.parked, "a delivery that works frees the account"


async def test_refused_credentials_park_the_account_and_lose_nothing(tmp_path: Path) -> None:
    channel = RecordingChannel()
    channel.failures = [CredentialsInvalid("revoked")]
    async with running(tmp_path, channel=channel) as stage:
        await stage.say("hello")

        async def is_parked() -> bool:
            return ACCOUNT in stage.accounts.parked

        await stage.until(is_parked)
        assert (await stage.tenant.counts())["pending"] == 1


async def test_a_link_token_is_proven_before_its_text_is_answered(tmp_path: Path) -> None:
    class Proofs:
        def __init__(self, answer: bool) -> None:
            self.answer = answer
            self.tokens: list[str] = []

        async def prove(self, channel: Channel, proof: LinkProof) -> bool:
            self.tokens.append(proof.token)
            return self.answer

        async def heard(self, channel: Channel, event: InboundEvent) -> bool:
            return True

    async with running(tmp_path) as stage:
        for answer, fresh in ((False, 0), (True, 1)):
            stage.intake.proofs = proofs = Proofs(answer)
            proof = LinkProof(event=stage.event("/start abc"), token="abc")
            assert await stage.intake.take(stage.channel, [proof]) == fresh
            assert proofs.tokens == ["abc"]


async def test_acknowledging_happens_after_the_event_is_durable(tmp_path: Path) -> None:
    class Acknowledging(RecordingChannel):
        def __init__(self) -> None:
            super().__init__()
            self.acknowledged = asyncio.Event()
            self.stored: list[bool] = []

        async def acknowledge(self, item: object) -> None:
            self.stored.append(await stage.tenant.head(CONV) is not None)
            self.acknowledged.set()

    channel = Acknowledging()
    async with running(tmp_path, channel=channel) as stage:
        await stage.intake.take(channel, [stage.event("hello")])
        async with asyncio.timeout(10):
            await channel.acknowledged.wait()
        assert channel.stored == [True]


async def test_what_asks_for_nothing_is_counted_by_its_rule(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        before = ignored("own_message")
        assert await stage.intake.take(stage.channel, [Ignored("own_message"), Respond(b"{}")]) == 0
        assert ignored("own_message") == before + 1


def test_another_installation_is_found_by_its_vendors_name() -> None:
    class Installed(RecordingChannel):
        def __init__(self, installation: str) -> None:
            super().__init__()
            self.installation = installation

    one, two = Installed("T1"), Installed("T2")
    channels: dict[str, Channel] = {"one": one, "two": two, "web": RecordingChannel()}
    assert elsewhere(channels, one, Elsewhere("T2")) is two
    assert elsewhere(channels, one, Elsewhere("T3")) is None


async def test_asking_for_a_person_may_be_the_first_word(tmp_path: Path) -> None:
    async with running(tmp_path) as stage:
        asked = stage.event("", kind=EventKind.HANDOFF_REQUESTED)
        for _ in range(2):
            await stage.intake.take(stage.channel, [asked])
        head = await stage.tenant.head(CONV)
        assert head is not None
        assert (head.owner, head.seq) == ("queue", 1)
