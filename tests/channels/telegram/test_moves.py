"""A group that becomes a supergroup: its people's conversations go on, and nothing is taken for a redelivery."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.telegram.moves import MOST_KNOWN, Moves, number_of
from core.domain import InboundEvent
from core.errors import StoreUnavailable
from core.inbound import Ignored, LinkProof, Reaction
from core.ports.channel import SupportsPlacing
from gateway.lab.telegram.lab import ANN
from gateway.lab.telegram.state import Chat
from gateway.memory import AccountMemory
from gateway.store.embedded.sqlite import SqliteStore
from tests.channels.context import HeldMemory
from tests.channels.telegram.world import (
    ANN as SENDER,
)
from tests.channels.telegram.world import (
    BASIC_GROUP_ID,
    Clock,
    World,
    channel,
    event,
    head,
    message_update,
    raw,
    said,
    shown,
    world_of,
)

NEW = -1_000_000_004_321
OLD_CHAT = {"id": BASIC_GROUP_ID, "type": "group", "title": "Old"}
NEW_CHAT = {"id": NEW, "type": "supergroup", "title": "Old"}
ADMIN = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group"}


def command(update_id: int, chat: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Something said to the bot in a group."""
    text = f"/ask@frontdesk_lab_bot {update_id}"
    entity = {"type": "bot_command", "offset": 0, "length": 22}
    return message_update(update_id, **{"chat": chat, "text": text, "entities": [entity], **changes})


def moved(update_id: int = 50, *, side: str = "new", **changes: Any) -> dict[str, Any]:
    if side == "old":
        return message_update(update_id, **{"chat": OLD_CHAT, "migrate_to_chat_id": NEW, **changes})
    told = {"chat": NEW_CHAT, "migrate_from_chat_id": BASIC_GROUP_ID, "from": ADMIN, "sender_chat": NEW_CHAT}
    return message_update(update_id, **{**told, **changes})


async def heard(made: Any, update: dict[str, Any]) -> Any:
    items = [await made.placed(item) for item in made.parse(raw(update))]
    return items[0]


@pytest.mark.parametrize("side", ["old", "new"])
async def test_either_service_message_keeps_the_conversation(side: str) -> None:
    made = channel(memory=HeldMemory())
    assert isinstance(made, SupportsPlacing)
    before = await heard(made, command(1, OLD_CHAT))
    assert await heard(made, moved(side=side)) == Ignored("group_moved")
    after = await heard(made, command(2, NEW_CHAT))
    assert after.conv == before.conv and after.thread["chat"] == NEW
    assert event(command(2, NEW_CHAT)).conv != before.conv, "without the service message it is another group"


async def test_the_same_number_in_both_chats_is_two_messages() -> None:
    made = channel(memory=HeldMemory())
    before = await heard(made, command(1, OLD_CHAT, message_id=7))
    await heard(made, moved())
    after = await heard(made, command(2, NEW_CHAT, message_id=7))
    again = await heard(made, command(2, NEW_CHAT, message_id=7))
    assert after.id == again.id != before.id
    edit = command(3, NEW_CHAT, message_id=7, edit_date=1_795_245_200)
    edited = await heard(made, {"update_id": 3, "edited_message": edit["message"]})
    assert edited.target == after.dedupe_key and edited.conv == before.conv


async def test_the_move_outlives_the_process_and_is_known_to_others(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store", clock=Clock())
    await store.start()
    memory: Any = AccountMemory(store.for_tenant("acme"), "acme-main")
    one, two = channel(memory=memory), channel(memory=memory)
    before = await heard(one, command(1, OLD_CHAT))
    assert (await heard(two, command(2, NEW_CHAT))).conv != before.conv
    await heard(one, moved())
    assert (await heard(two, command(3, NEW_CHAT))).conv == before.conv
    await store.stop()
    reopened = SqliteStore(tmp_path / "store", clock=Clock())
    await reopened.start()
    again: Any = AccountMemory(reopened.for_tenant("acme"), "acme-main")
    assert (await heard(channel(memory=again), command(4, NEW_CHAT))).conv == before.conv
    await reopened.stop()


class Down(HeldMemory):
    """A store that is down at first."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = True

    async def remember(self, key: str, value: str) -> str:
        if self.is_down:
            raise StoreUnavailable("down")
        return await super().remember(key, value)


async def test_a_move_is_durable_before_telegram_is_answered() -> None:
    memory = Down()
    made = channel(memory=memory)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await heard(made, moved())
    memory.is_down = False
    await heard(made, moved())
    assert memory.facts == {f"moved:{BASIC_GROUP_ID}": str(NEW), f"home:{NEW}": str(BASIC_GROUP_ID)}


async def test_a_batch_of_updates_is_placed_after_the_move_in_it() -> None:
    made = channel(memory=HeldMemory())
    before = await heard(made, command(1, OLD_CHAT))
    items = [item for update in (moved(), command(2, NEW_CHAT)) for item in made.parse(raw(update))]
    placed = [await made.placed(item) for item in items]
    assert [item.conv for item in placed if isinstance(item, InboundEvent)] == [before.conv]


async def test_what_is_no_move_of_a_group_is_not_remembered() -> None:
    memory = HeldMemory()
    made = channel(memory=memory)
    for update in (
        moved(migrate_from_chat_id=55),
        moved(migrate_from_chat_id=NEW - 1),
        moved(side="old", migrate_to_chat_id=-5),
        moved(side="old", chat={**OLD_CHAT, "id": 55}),
    ):
        assert await heard(made, update) == Ignored("group_moved")
    assert memory.facts == {}


async def test_topics_and_private_chats_stay_where_they_are() -> None:
    made = channel(memory=HeldMemory())
    await heard(made, moved())
    for update in (
        command(2, NEW_CHAT, message_thread_id=4, is_topic_message=True),
        message_update(3, text="hi"),
        command(4, {**NEW_CHAT, "id": NEW - 7}),
    ):
        assert await heard(made, update) == event(update)


async def test_presses_proofs_and_thumbs_move_too() -> None:
    made = channel(memory=HeldMemory())
    before = await heard(made, command(1, OLD_CHAT))
    await heard(made, moved())
    asked = await heard(made, command(2, NEW_CHAT))
    press = replace(event(command(9, NEW_CHAT)), dedupe_key="press:4382")
    pressed = await made.placed(press)
    assert isinstance(pressed, InboundEvent) and (pressed.conv, pressed.dedupe_key) == (before.conv, "press:4382")
    proof = await made.placed(LinkProof(event=press, token="t"))
    assert isinstance(proof, LinkProof) and proof.event == pressed
    thumb = {
        "chat": NEW_CHAT,
        "message_id": 12,
        "user": SENDER,
        "date": 1,
        "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    }
    liked = await heard(made, {"update_id": 8, "message_reaction": thumb})
    assert isinstance(liked, Reaction) and liked.sought is not None and liked.vendor_ref == f"12@{NEW}"
    assert all(asked.thread.get(name) == value for name, value in liked.sought.within.items())


async def group_of(world: World) -> None:
    world.lab.books.chats[BASIC_GROUP_ID] = Chat(id=BASIC_GROUP_ID, type="group", title="Old")


async def test_the_whole_move_at_the_stand_in() -> None:
    async with world_of() as world:
        await group_of(world)
        await world.lab.say(f"@{world.lab.username} hello", chat=BASIC_GROUP_ID)
        first = world.events()[-1]
        old = head(conv=first.conv, **first.thread)
        ref = await world.send(said("Hello Ann"), old)
        answers = await world.lab.become_supergroup(BASIC_GROUP_ID, to=NEW)
        assert [answer.status for answer in answers] == [200, 200]
        calls = len(world.lab.calls)
        late = await world.send(said("And another thing"), old)
        assert len(world.lab.calls) == calls + 1, "no call goes to the old id any more"
        await world.lab.say(f"@{world.lab.username} and then?", chat=NEW)
        second = world.events()[-1]
        assert second.conv == first.conv and second.dedupe_key != first.dedupe_key
        now = head(conv=second.conv, **second.thread)
        answer = await world.send(said("Then this"), now)
        assert len({ref, late, answer}) == 3 and late.endswith(f"@{NEW}") and answer.endswith(f"@{NEW}")
        await world.lab.react(answer.partition("@")[0], "👍", chat=NEW)
        (liked,) = [item for parsed in world.heard for item in parsed if isinstance(item, Reaction)]
        assert liked.vendor_ref == answer


async def test_a_streamed_message_of_the_old_group_is_not_taken_for_one_of_the_new() -> None:
    async with world_of() as world:
        await group_of(world)
        old = head(chat=BASIC_GROUP_ID, contact=ANN.id, conv="c_2")
        ref = await world.channel.preview(old, "t_1", "One", ref=None)
        await world.lab.become_supergroup(BASIC_GROUP_ID, to=NEW)
        for number in range(3):
            await world.send(said(f"Other {number}"), old)
        sent = await world.send(said("One two"), old, preview=shown("One", ref))
        texts = [item.text for item in world.lab.messages(str(NEW)) if item.author == "bot"]
        assert texts == ["Other 0", "Other 1", "Other 2", "One two"] and sent != ref
        again = await world.channel.preview(old, "t_2", "Three", ref=None)
        assert await world.send(said("Three four"), old, preview=shown("Three", again)) == again


async def test_what_is_kept_in_memory_is_bounded() -> None:
    moves = Moves(HeldMemory())
    for number in range(MOST_KNOWN + 5):
        await moves.learn(-10 - number, NEW - number)
    assert len(moves._homes) == MOST_KNOWN
    assert await moves.home(NEW) == -10 and await moves.now(-10) == NEW and await moves.home(55) is None


def test_numbers_are_of_their_chat() -> None:
    assert number_of("7", None) == 7 and number_of(f"7@{NEW}", NEW) == 7
    assert number_of("7", NEW) is None and number_of(f"7@{NEW - 1}", NEW) is None
