"""ChannelContract, third part: what a channel says it can do is what it can do, and what it says is what was meant."""

from __future__ import annotations

import re

from core.domain import Role
from core.ports.channel import (
    Choices,
    Closes,
    RefreshesKeys,
    SupportsDoctor,
    SupportsMedia,
    SupportsStreaming,
    SupportsTyping,
)
from tests.contracts.channel_world import World, citation, message

LABELS = ("Yes, please", "No, thanks")
INJECTIONS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "[click](data:text/html,x)",
)


def flat(text: str) -> str:
    """The visible letters and digits alone: markup, blanks and line breaks are each channel's own matter."""
    return "".join(char for char in text.casefold() if char.isalnum())


class SayingScenarios:
    """Capabilities and rendering."""

    async def test_it_knows_what_and_whose_it_is(self, world: World) -> None:
        assert world.channel.kind == world.descriptor.kind == world.descriptor.plugin.kind
        assert (world.channel.account, world.channel.tenant) == ("acme-main", "acme")

    async def test_limits_are_sensible(self, world: World) -> None:
        can = world.channel.capabilities
        assert can.max_text >= 100 and can.max_choices >= 0 and can.max_attachments >= 0 and can.debounce_ms >= 0
        assert can.preview_every_s >= 0 and can.max_file_bytes >= 0
        assert can.reply_window_s is None or can.reply_window_s > 0
        assert can.edit_window_s is None or can.edit_window_s > 0
        assert not can.voice_in or can.files_in, "a voice note is a file"
        assert not can.files_out or can.max_attachments > 0
        assert can.streams or not can.preview_every_s

    async def test_an_account_can_do_no_more_than_its_kind(self, world: World) -> None:
        widest, can = world.descriptor.plugin.capabilities, world.channel.capabilities
        assert can.max_text <= widest.max_text and can.max_choices <= widest.max_choices
        flags = (
            "streams",
            "files_in",
            "files_out",
            "voice_in",
            "edits",
            "deletes",
            "reactions",
            "stops",
            "typing",
            "groups",
        )
        assert not [flag for flag in flags if getattr(can, flag) and not getattr(widest, flag)]

    async def test_abilities_declared_are_the_abilities_there(self, world: World) -> None:
        can, channel = world.channel.capabilities, world.channel
        if can.streams:
            assert isinstance(channel, SupportsStreaming)
        if can.typing:
            assert isinstance(channel, SupportsTyping) and channel.typing_every_s > 0
        if can.files_in and world.descriptor.has_file_events:
            assert isinstance(channel, SupportsMedia) and can.max_file_bytes > 0
        if world.descriptor.vendor is not None:
            assert isinstance(channel, Closes) and isinstance(channel, SupportsDoctor)

    async def test_abilities_there_are_declared(self, world: World) -> None:
        widest, channel = world.descriptor.plugin.capabilities, world.channel
        assert widest.streams or not isinstance(channel, SupportsStreaming)
        assert widest.typing or not isinstance(channel, SupportsTyping)
        assert widest.files_in or not isinstance(channel, SupportsMedia)

    async def test_plain_words_arrive(self, world: World) -> None:
        text = "You can return it within 30 days. Größe, 返品, سلام, 👍🏽"
        for role in (Role.BOT, Role.AGENT, Role.SYSTEM):
            assert flat(text) in flat(world.descriptor.rendered(message(text, role=role, author="Kim")))

    async def test_an_agents_name_is_shown(self, world: World) -> None:
        shown = world.descriptor.rendered(message("I will look into it.", role=Role.AGENT, author="Kim Berg"))
        assert "Kim Berg" in shown and "look into it" in shown

    async def test_markup_keeps_its_words(self, world: World) -> None:
        text = "# Title\n\nSome **bold** and *soft* `code`.\n\n- one\n- two\n\n1. first\n2. second\n\n```\nx = 1\n```\n\n> said"
        shown = flat(world.descriptor.rendered(message(text)))
        at = 0
        for word in ("Title", "Some", "bold", "soft", "code", "one", "two", "first", "second", "x1", "said"):
            found = shown.find(flat(word), at)
            assert found >= 0, word
            at = found + len(flat(word))

    async def test_every_cell_of_a_table_arrives(self, world: World) -> None:
        shown = world.descriptor.rendered(message("| Size | Chest |\n| --- | --- |\n| M | 96 cm |\n| L | 104 cm |"))
        assert not [cell for cell in ("Size", "Chest", "M", "96", "L", "104") if cell not in shown]

    async def test_a_link_keeps_its_words_and_target(self, world: World) -> None:
        shown = world.descriptor.rendered(message("See [our rules](https://shop.example/rules)."))
        assert "our rules" in shown and "https://shop.example/rules" in shown

    async def test_citations_lead_to_their_sources(self, world: World) -> None:
        cited = (citation(1), citation(2, "Shipping", "https://shop.example/shipping"))
        shown = world.descriptor.rendered(message("Within 30 days [1]. By post [2].", citations=cited))
        for title, url in (("Returns", "https://shop.example/returns"), ("Shipping", "https://shop.example/shipping")):
            assert title in shown and url in shown

    async def test_a_source_without_an_address_is_named(self, world: World) -> None:
        shown = world.descriptor.rendered(message("Within 30 days [1].", citations=(citation(1, "Handbook", None),)))
        assert "Handbook" in shown and "None" not in shown

    async def test_a_source_cannot_smuggle_an_address_or_a_mention(self, world: World) -> None:
        for url in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"):
            shown = world.descriptor.rendered(message("Within 30 days [1].", citations=(citation(1, "Returns", url),)))
            assert "Returns" in shown and url not in shown
        title = " ".join(("Returns", *world.descriptor.live_mentions))
        shown = world.descriptor.rendered(message("Within 30 days [1].", citations=(citation(1, title),)))
        assert "Returns" in shown
        self._nobody_called(world, shown)

    async def test_choices_are_shown_in_order(self, world: World) -> None:
        labels = LABELS[: world.channel.capabilities.max_choices]
        shown = world.descriptor.rendered(message("Shall I send it?", choices=labels))
        places = [shown.find(label) for label in labels]
        assert -1 not in places and places == sorted(places)
        if world.channel.capabilities.choices is Choices.NUMBERS:
            assert re.search(r"1[).]? ?.{0,2}Yes, please", shown)

    async def test_mentions_call_nobody(self, world: World) -> None:
        text = " and ".join(world.descriptor.live_mentions)
        for role in (Role.BOT, Role.AGENT, Role.SYSTEM):
            self._nobody_called(world, world.descriptor.rendered(message(text, role=role, author="@here <!here>")))
            self._nobody_called(world, world.descriptor.rendered(message(f"`{text}`\n\n```\n{text}\n```", role=role)))
            self._nobody_called(
                world, world.descriptor.rendered(message(f"| {text} |\n| --- |\n| {text} |", role=role))
            )
            self._nobody_called(world, world.descriptor.rendered(message(f"[{text}](https://a.example)", role=role)))
        labels = tuple(world.descriptor.live_mentions[: world.channel.capabilities.max_choices])
        self._nobody_called(world, world.descriptor.rendered(message("Choose", choices=labels)))

    def _nobody_called(self, world: World, shown: str) -> None:
        assert not [mention for mention in world.descriptor.live_mentions if mention in shown], shown

    async def test_injected_markup_stays_words(self, world: World) -> None:
        for text in INJECTIONS:
            for role in (Role.BOT, Role.AGENT, Role.SYSTEM):
                shown = world.descriptor.rendered(message(text, role=role))
                assert '"javascript:' not in shown and '"data:' not in shown and "<javascript:" not in shown

    async def test_rendering_twice_gives_the_same(self, world: World) -> None:
        said = message("Within 30 days [1].", citations=(citation(1),), choices=LABELS[:1])
        assert world.descriptor.rendered(said) == world.descriptor.rendered(said)

    async def test_keys_are_asked_for_only_where_they_can_be_refreshed(self, world: World) -> None:
        assert world.descriptor.proof.is_shared or isinstance(world.channel, RefreshesKeys)
