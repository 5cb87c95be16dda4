"""VendorContract, first part: delivered once, whole, in order, whatever the vendor does; and the right error when it is not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.domain import Message, Role
from core.errors import (
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
    Unsupported,
)
from core.ports.channel import Choices, Outbound, Sent, Shown, SupportsStreaming, SupportsTyping
from gateway.lab.vendor import Fault
from tests.contracts.channel_proof import needs
from tests.contracts.channel_saying import LABELS, flat
from tests.contracts.channel_world import PICTURE, World, citation, message, world_of

GREETING = "You can return it within 30 days."


def long_message(world: World) -> Message:
    """Longer than two and a half messages of this vendor."""
    count = world.channel.capabilities.max_text * 5 // 2 // 40 + 1
    return message(" ".join(f"This is the numbered sentence s{number}x of it." for number in range(count)))


def said_numbers(world: World) -> list[int]:
    return [int(number) for shown in world.arrived() for number in re.findall(r"\bs(\d+)x\b", shown.text)]


async def failed(world: World, outbound: Outbound) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await world.channel.send(outbound)
    error = caught.value
    assert error.safe_message
    assert not [secret for secret in world.vendor.secrets if secret in f"{error!r} {error.safe_message}"]
    return error


@asynccontextmanager
async def nobody_there(world: World) -> AsyncIterator[World]:
    """The same channel with a vendor that does not listen."""
    async with world_of(world.descriptor, is_down=True) as down:
        yield down


class DeliveryScenarios:
    """send(), preview(), typing()."""

    async def test_a_message_arrives_once(self, world: World) -> None:
        sent = await world.send(message(GREETING))
        (shown,) = world.arrived()
        assert flat(GREETING) in flat(shown.text) and not shown.is_streaming
        assert sent.vendor_ref and sent.vendor_ref == sent.vendor_ref.strip()

    async def test_messages_arrive_in_order(self, world: World) -> None:
        refs = [(await world.send(message(f"Message number {number}."))).vendor_ref for number in range(3)]
        assert [flat(shown.text)[-1] for shown in world.arrived()] == ["0", "1", "2"]
        assert len(set(refs)) == 3

    async def test_who_speaks_is_heard(self, world: World) -> None:
        await world.send(message("I will look into it.", role=Role.AGENT, author="Kim Berg"))
        await world.send(message("A person will answer you here.", role=Role.SYSTEM))
        assert flat("look into it") in flat(world.arrived()[0].text)
        assert flat("A person will answer") in flat(world.arrived()[1].text)

    async def test_a_long_text_arrives_whole_in_parts(self, world: World) -> None:
        said = long_message(world)
        sent = await world.send(said)
        assert said_numbers(world) == list(range(len(re.findall(r"\bs\d+x\b", said.text))))
        assert sent.vendor_ref is not None
        assert len(sent.vendor_ref.split()) == len(world.arrived()) > 1

    async def test_citations_arrive(self, world: World) -> None:
        await world.send(message("Within 30 days [1].", citations=(citation(1),)))
        (shown,) = world.arrived()
        everything = shown.text + repr(shown.blocks) + repr(shown.raw)
        assert "https://shop.example/returns" in everything and "Returns" in everything

    async def test_choices_arrive(self, world: World) -> None:
        labels = LABELS[: world.channel.capabilities.max_choices]
        await world.send(message("Shall I send it?", choices=labels))
        shown = world.arrived()[-1]
        if world.channel.capabilities.choices is Choices.BUTTONS:
            assert shown.choices == labels
        else:
            assert all(label in shown.text for label in labels)

    async def test_a_file_arrives_or_is_refused_aloud(self, world: World) -> None:
        said = message("Here is your label.", role=Role.AGENT, author="Kim", attachments=(PICTURE,))
        if world.channel.capabilities.files_out:
            await world.send(said)
            assert [name for shown in world.arrived() for name in shown.files]
            assert any("your label" in shown.text for shown in world.arrived())
        else:
            try:
                await world.send(said)
            except Unsupported:
                return
            assert any(PICTURE.name in shown.text for shown in world.arrived())

    async def test_everything_at_its_limit_still_arrives(self, world: World) -> None:
        can = world.channel.capabilities
        said = message(
            ("word " * (can.max_text // 5 + 1))[: can.max_text - 1] + ".",
            role=Role.AGENT,
            author="Kim " + "Berg-" * 15,
            citations=tuple(citation(number, f"Source {number} " + "t" * 60) for number in range(1, 13)),
            choices=tuple(f"Choice {number}" for number in range(1, can.max_choices + 1)),
        )
        await world.send(said)
        shown = world.arrived()
        assert sum(len(re.findall(r"\bword\b", part.text)) for part in shown) == len(re.findall(r"\bword\b", said.text))
        offered = " ".join(part.text + " ".join(part.choices) for part in shown)
        assert not [choice for choice in said.choices if choice not in offered]

    async def test_more_choices_than_there_is_room_for_do_not_lose_the_message(self, world: World) -> None:
        many = tuple(f"Choice {number} " + "x" * 300 for number in range(world.channel.capabilities.max_choices + 3))
        await world.send(message(GREETING, choices=many))
        assert any(flat(GREETING) in flat(shown.text) for shown in world.arrived())

    async def test_one_word_longer_than_a_message_arrives(self, world: World) -> None:
        length = world.channel.capabilities.max_text + 50
        await world.send(message("z" * length))
        assert sum(shown.text.count("z") for shown in world.arrived()) == length

    async def test_a_link_longer_than_a_message_is_no_reason_to_fail(self, world: World) -> None:
        await world.send(message(f"Before. [here](https://shop.example/{'a' * 1_900}) After."))
        said = " ".join(shown.text for shown in world.arrived())
        assert "Before" in said and "After" in said

    async def test_code_longer_than_a_message_arrives_as_code(self, world: World) -> None:
        lines = [f"line_{number} = {number}" for number in range(world.channel.capabilities.max_text // 12)]
        await world.send(message("```\n" + "\n".join(lines) + "\n```"))
        said = "\n".join(shown.text for shown in world.arrived())
        assert re.findall(r"line_(\d+) =", said) == [str(number) for number in range(len(lines))]

    async def test_odd_characters_do_not_stop_a_message(self, world: World) -> None:
        await world.send(message("Bell \x07, zero \x00, half \ud800, hidden \U000e0041, end.", choices=()))
        (shown,) = world.arrived()
        assert "Bell" in shown.text and "end." in shown.text
        await world.send(message(GREETING, role=Role.AGENT, author="Kim\nBerg\x07 " + "x" * 300))
        assert flat(GREETING) in flat(world.arrived()[-1].text)

    async def test_the_first_two_messages_may_be_sent_at_once(self, world: World) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.send(message("One of two.")))
            group.create_task(world.send(message("Two of two.")))
        assert sorted(flat(shown.text) for shown in world.arrived()) == [flat("One of two."), flat("Two of two.")]

    async def test_throttled_is_retried_when_the_vendor_says(self, world: World) -> None:
        world.stand_in.faults.add(Fault.THROTTLED, on=world.vendor.method)
        outbound = world.outbound(message(GREETING))
        error = await failed(world, outbound)
        assert isinstance(error, Throttled) and error.retryable and error.is_certain and error.sent_refs == ()
        assert error.retry_after_s is not None and 0 < error.retry_after_s < 3_600
        assert world.arrived() == []
        await world.channel.send(outbound)
        assert len(world.arrived()) == 1

    async def test_a_vendor_that_is_down_is_tried_again(self, world: World) -> None:
        world.stand_in.faults.add(Fault.UNAVAILABLE, on=world.vendor.method)
        error = await failed(world, world.outbound(message(GREETING)))
        assert type(error) is world.vendor.unavailable
        assert isinstance(error, ProviderUnavailable | OutcomeUnknown)
        assert world.arrived() == []

    async def test_a_vendor_that_does_not_listen_is_tried_again(self, world: World) -> None:
        async with nobody_there(world) as down:
            error = await failed(down, down.outbound(message(GREETING)))
            assert isinstance(error, ProviderUnavailable) and error.retryable

    async def test_a_refused_message_is_not_tried_again(self, world: World) -> None:
        world.stand_in.faults.add(Fault.REFUSED, on=world.vendor.method)
        error = await failed(world, world.outbound(message(GREETING)))
        assert type(error) is world.vendor.refused and not error.retryable and error.is_certain
        assert not isinstance(error, CredentialsInvalid | OutcomeUnknown)
        assert world.arrived() == []

    async def test_refused_credentials_are_named(self, world: World) -> None:
        world.stand_in.faults.add(Fault.UNAUTHORIZED, on=world.vendor.method, times=3)
        error = await failed(world, world.outbound(message(GREETING)))
        assert isinstance(error, CredentialsInvalid) and not error.retryable
        assert world.arrived() == []

    async def test_a_lost_answer_is_unknown_and_never_sent_twice(self, world: World) -> None:
        world.stand_in.faults.add(Fault.LOST_ANSWER, on=world.vendor.method)
        outbound = world.outbound(message(GREETING))
        error = await failed(world, outbound)
        assert isinstance(error, OutcomeUnknown) and not error.is_certain
        assert len(world.arrived()) == 1, "the stand-in commits before it cuts the connection"
        try:
            sent = await world.channel.send(replace(outbound, reconcile=True))
        except OutcomeUnknown:
            assert not world.channel.capabilities.reconciles
        else:
            assert world.channel.capabilities.reconciles and sent.vendor_ref
        assert len(world.arrived()) == 1

    async def test_reconciling_what_never_arrived_never_doubles_it(self, world: World) -> None:
        outbound = world.outbound(message(GREETING), reconcile=True)
        try:
            await world.channel.send(outbound)
        except OutcomeUnknown:
            assert world.arrived() == []
        else:
            assert len(world.arrived()) == 1

    async def test_after_a_failure_in_the_middle_only_the_rest_is_sent(self, world: World) -> None:
        await self._fails_in_the_middle(world, Fault.THROTTLED)

    async def test_a_refusal_in_the_middle_tells_what_arrived(self, world: World) -> None:
        await self._fails_in_the_middle(world, Fault.REFUSED)

    async def test_a_lost_answer_in_the_middle_tells_what_surely_arrived(self, world: World) -> None:
        await self._fails_in_the_middle(world, Fault.LOST_ANSWER)

    async def _fails_in_the_middle(self, world: World, fault: Fault) -> None:
        said = long_message(world)
        world.stand_in.faults.add(fault, on=world.vendor.method, after=1)
        outbound = world.outbound(said)
        error = await failed(world, outbound)
        before = len(world.arrived())
        assert len(error.sent_refs) == 1 and before == (2 if fault is Fault.LOST_ANSWER else 1)
        if fault is not Fault.THROTTLED:
            return
        sent = await world.channel.send(replace(outbound, sent_refs=error.sent_refs))
        assert said_numbers(world) == list(range(len(re.findall(r"\bs\d+x\b", said.text))))
        assert sent.vendor_ref is not None and len(sent.vendor_ref.split()) == len(world.arrived()) - 1
        assert error.sent_refs[0] not in sent.vendor_ref.split()

    async def test_a_reply_that_grew_is_one_message(self, world: World) -> None:
        await self._stream(world, ("You can", "You can return it", GREETING))
        (shown,) = world.arrived()
        assert flat(GREETING) in flat(shown.text) and not shown.is_streaming

    async def test_a_reply_that_ends_otherwise_than_shown_is_corrected(self, world: World) -> None:
        await self._stream(world, ("I think", "I think so, and more"))
        (shown,) = world.arrived()
        assert flat(GREETING) in flat(shown.text) and "think" not in shown.text

    async def _stream(self, world: World, texts: tuple[str, ...]) -> Sent:
        channel = world.channel
        needs(isinstance(channel, SupportsStreaming), "the channel does not stream")
        assert isinstance(channel, SupportsStreaming)
        ref: str | None = None
        for text in texts:
            ref = await channel.preview(world.head(), "t_1", text, ref=ref)
        return await world.send(message(GREETING), preview=Shown(text=texts[-1], ref=ref))

    async def test_a_reply_that_will_not_come_is_left_finished(self, world: World) -> None:
        channel = world.channel
        needs(isinstance(channel, SupportsStreaming), "the channel does not stream")
        assert isinstance(channel, SupportsStreaming)
        ref = await channel.preview(world.head(), "t_1", "You can return", ref=None)
        await channel.end_preview(world.head(), "t_1", Shown(text="You can return", ref=ref))
        assert not [shown for shown in world.arrived() if shown.is_streaming]
        await world.send(message(GREETING))
        assert flat(GREETING) in flat(world.arrived()[-1].text)

    async def test_typing_says_nothing(self, world: World) -> None:
        channel = world.channel
        needs(isinstance(channel, SupportsTyping), "the channel does not show typing")
        assert isinstance(channel, SupportsTyping)
        await channel.typing(world.head())
        assert world.arrived() == []

    async def test_secrets_are_never_logged(self, world: World) -> None:
        for fault in Fault:
            world.stand_in.faults.add(fault, on=world.vendor.method)
            with pytest.raises(DeliveryError):
                await world.channel.send(world.outbound(message(GREETING)))
            world.stand_in.faults.clear()
        async with nobody_there(world) as down:
            await failed(down, down.outbound(message(GREETING)))
            world.lines.lines += down.lines.lines
        written = "\n".join(world.lines.lines)
        assert not [secret for secret in (*world.vendor.secrets, *world.descriptor.secrets) if secret in written]
        assert GREETING not in written, "what is said to contacts is not for logs"

    async def test_an_empty_reply_is_refused_before_it_is_sent(self, world: World) -> None:
        error = await failed(world, world.outbound(message(" \n ")))
        assert isinstance(error, MessageRejected | Unsupported)
        assert world.arrived() == []
