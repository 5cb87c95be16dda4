"""ChannelContract, second part: what a payload means, and that nothing else is read into it."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain import Attachment, DeliveryState, EventKind, InboundEvent
from core.errors import InboundRejected
from core.inbound import AccountLost, Ignored, LinkProof, Parsed, Reaction, Receipt, Respond
from core.ports.channel import Choices, RawRequest, Receipts, SupportsPlacing
from tests.contracts.channel_descriptor import ACCOUNT, NOW, TENANT, Expected, Fixture, Tag
from tests.contracts.channel_fuzz import RUBBISH, is_form, mutants, single_changes
from tests.contracts.channel_proof import needs
from tests.contracts.channel_world import World, events_of, is_json

PARSED = typing.get_args(Parsed)
FUZZED = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large],
)
"""The same bodies each time: what 300 do not find is for the 10⁵ of the slow run, not for a test that fails now and then."""


def check_event(event: InboundEvent, request: RawRequest) -> None:
    """What holds for every event of every channel."""
    assert (event.tenant, event.account) == (TENANT, ACCOUNT)
    assert event.conv.startswith("c_") and len(event.conv) == 34
    assert event.dedupe_key and event.id
    assert event.provider_at.utcoffset() is not None and event.received_at == request.received_at
    assert event.payload == request.body
    assert is_json(dict(event.thread))
    assert event.text.encode() is not None
    if event.kind is EventKind.MESSAGE:
        assert event.contact is not None and event.contact.id
        assert event.text.strip() or event.attachments
    for attachment in event.attachments:
        check_attachment(attachment)
    assert len({attachment.id for attachment in event.attachments}) == len(event.attachments)


def check_attachment(attachment: Attachment) -> None:
    assert attachment.id.startswith("u_") and len(attachment.id) == 34
    assert attachment.name and "/" not in attachment.name and "\n" not in attachment.name
    assert "/" in attachment.media_type and attachment.size_bytes >= 0
    assert attachment.origin


def check_parsed(parsed: tuple[Parsed, ...], request: RawRequest) -> None:
    """What holds for everything a request can mean."""
    assert type(parsed) is tuple
    assert all(type(item) in PARSED for item in parsed)
    for event in events_of(parsed):
        check_event(event, request)
    for item in parsed:
        match item:
            case Ignored(reason) | AccountLost(reason):
                assert reason and reason == reason.lower() and len(reason) <= 40 and " " not in reason
            case Receipt():
                assert item.conv.startswith("c_") and item.vendor_ref
                assert item.state in (
                    DeliveryState.SENT,
                    DeliveryState.DELIVERED,
                    DeliveryState.READ,
                    DeliveryState.REJECTED,
                )
            case Reaction():
                assert item.vendor_ref and item.key and 1 <= item.rating <= 5
                assert item.conv.startswith("c_") if item.sought is None else not item.conv
                assert item.sought is None or (item.sought.by and item.sought.within)
            case LinkProof():
                assert item.token
            case _:
                pass
    assert sum(isinstance(item, Respond) for item in parsed) <= 1


class MeaningScenarios:
    """parse()."""

    async def test_every_fixture_means_what_it_should(self, world: World) -> None:
        for fixture in world.descriptor.fixtures:
            parsed = world.parse(fixture)
            assert _agree(fixture.expected, parsed), f"{fixture.name}: {parsed}"

    async def test_whatever_is_parsed_is_well_formed(self, world: World) -> None:
        for fixture in world.descriptor.fixtures:
            request = world.request(fixture)
            check_parsed(world.channel.parse(request), request)

    async def test_parsing_twice_gives_the_same(self, world: World) -> None:
        for fixture in world.descriptor.fixtures:
            request = world.request(fixture)
            assert world.channel.parse(request) == world.channel.parse(request)

    async def test_nothing_is_elsewhere_unless_it_moved(self, world: World) -> None:
        if isinstance(world.channel, SupportsPlacing):
            for fixture in world.descriptor.fixtures:
                for item in world.channel.parse(world.request(fixture)):
                    assert await world.channel.placed(item) == await world.channel.placed(item) == item

    async def test_a_redelivery_is_the_same_event(self, world: World) -> None:
        for fixture in world.descriptor.fixtures:
            first = world.channel.parse(world.request(fixture))
            later = replace(
                world.request(fixture, at=NOW + timedelta(minutes=2)), received_at=NOW + timedelta(minutes=2)
            )
            again = world.channel.parse(later)
            assert [event.id for event in events_of(first)] == [event.id for event in events_of(again)]
            if fixture.is_timed:
                assert [event.order for event in events_of(first)] == [event.order for event in events_of(again)]
            assert [item.key for item in first if isinstance(item, Reaction)] == [
                item.key for item in again if isinstance(item, Reaction)
            ]

    async def test_different_messages_are_different_events(self, world: World) -> None:
        seen: dict[str, bytes] = {}
        for fixture in world.descriptor.fixtures:
            for event in world.events(fixture):
                assert seen.setdefault(event.id, event.payload) == event.payload, fixture.name

    async def test_a_message_opens_a_conversation(self, world: World) -> None:
        (event,) = world.events(world.opening)
        assert event.kind is EventKind.MESSAGE and event.text and event.contact is not None
        assert world.head().thread == event.thread and world.head().contact_at == event.provider_at

    async def test_an_unknown_type_is_ignored_for_a_reason(self, world: World) -> None:
        unknown = world.descriptor.tagged(Tag.UNKNOWN)
        assert unknown, "the descriptor needs a fixture of an unknown type"
        for fixture in unknown:
            assert_ignored(world.parse(fixture), fixture)

    async def test_our_own_words_are_ignored(self, world: World) -> None:
        needs(world.descriptor.has_echoes, "the channel never hears itself")
        own = world.descriptor.tagged(Tag.OWN)
        assert own, "the descriptor needs a fixture of our own message"
        for fixture in own:
            assert_ignored(world.parse(fixture), fixture)

    async def test_what_the_capabilities_promise_is_shown_by_a_fixture(self, world: World) -> None:
        can = world.channel.capabilities
        promised = {
            Tag.EDIT: can.edits,
            Tag.DELETE: can.deletes,
            Tag.REACTION: can.reactions,
            Tag.FILE: can.files_in and world.descriptor.has_file_events,
            Tag.VOICE: can.voice_in and world.descriptor.has_file_events,
            Tag.RECEIPT: can.receipts is not Receipts.ACCEPTED,
            Tag.CHOICE: can.choices is Choices.BUTTONS and world.descriptor.has_choice_events,
        }
        assert not [tag for tag, is_promised in promised.items() if is_promised and not world.descriptor.tagged(tag)]

    async def test_tagged_fixtures_arrive_as_what_they_are(self, world: World) -> None:
        kinds = {
            Tag.EDIT: EventKind.CONTACT_EDITED,
            Tag.DELETE: EventKind.CONTACT_DELETED,
            Tag.STOP: EventKind.CONTACT_STOPPED,
            Tag.CHOICE: EventKind.MESSAGE,
            Tag.MESSAGE: EventKind.MESSAGE,
        }
        for tag, kind in kinds.items():
            for fixture in world.descriptor.tagged(tag):
                events = world.events(fixture)
                assert [event.kind for event in events] == [kind] * max(1, len(events)), fixture.name
        for tag, what in {Tag.REACTION: Reaction, Tag.RECEIPT: Receipt, Tag.LOST: AccountLost}.items():
            for fixture in world.descriptor.tagged(tag):
                assert any(isinstance(item, what) for item in world.parse(fixture)), fixture.name
        for fixture in (*world.descriptor.tagged(Tag.FILE), *world.descriptor.tagged(Tag.VOICE)):
            assert any(event.attachments for event in world.events(fixture)), fixture.name

    async def test_an_edit_names_the_message_it_is_about(self, world: World) -> None:
        known = {
            event.dedupe_key for fixture in world.descriptor.tagged(Tag.MESSAGE) for event in world.events(fixture)
        }
        for fixture in (*world.descriptor.tagged(Tag.EDIT), *world.descriptor.tagged(Tag.DELETE)):
            for event in world.events(fixture):
                assert event.target and event.target != event.dedupe_key, fixture.name
                assert not known or event.target in known, f"{fixture.name}: edit one of the MESSAGE fixtures"

    async def test_rubbish_means_nothing(self, world: World) -> None:
        def check(request: RawRequest) -> None:
            assert not [item for item in parsed_or_refused(world, request) if not isinstance(item, Ignored | Respond)]

        for fixture in (world.opening, *world.descriptor.tagged(Tag.CHOICE)[:1]):
            fuzz(world.request(fixture), RUBBISH, check, examples=300)

    async def test_a_payload_with_one_field_changed_invents_nothing(self, world: World) -> None:
        for fixture in world.descriptor.fixtures:
            template = world.request(fixture)
            for body in single_changes(template.body, form=is_form(fixture)):
                request = replace(template, body=body)
                check_parsed(parsed_or_refused(world, request), request)

    async def test_a_mangled_payload_invents_nothing(self, world: World) -> None:
        def check(request: RawRequest) -> None:
            check_parsed(parsed_or_refused(world, request), request)

        for fixture in world.descriptor.fixtures:
            request = world.request(fixture)
            examples = max(30, 300 // len(world.descriptor.fixtures))
            fuzz(request, mutants(request.body, form=is_form(fixture)), check, examples=examples)


def fuzz(
    template: RawRequest, bodies: st.SearchStrategy[bytes], check: Callable[[RawRequest], None], *, examples: int
) -> None:
    """The check over the request with each of these bodies."""

    @settings(FUZZED, max_examples=examples)
    @given(bodies)
    def run(body: bytes) -> None:
        check(replace(template, body=body))

    run()


def parsed_or_refused(world: World, request: RawRequest) -> tuple[Parsed, ...]:
    """What it means; nothing when it is refused in the way requests are refused."""
    try:
        return world.channel.parse(request)
    except InboundRejected as error:
        assert error.status in (400, 401, 413, 422) and error.safe_message
        return ()


def assert_ignored(parsed: tuple[Parsed, ...], fixture: Fixture) -> None:
    assert [item for item in parsed if isinstance(item, Ignored)], fixture.name
    assert not [item for item in parsed if not isinstance(item, Ignored | Respond)], fixture.name


def _agree(expected: tuple[Expected, ...], parsed: tuple[Parsed, ...]) -> bool:
    return len(expected) == len(parsed) and all(
        wanted.matches(found) for wanted, found in zip(expected, parsed, strict=True)
    )
