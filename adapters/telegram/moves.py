"""Groups that became supergroups: the same people and the same conversations, under another chat id.

Telegram tells once, by a service message on each side of the move; a call that still names the old id is refused with the new
one.  Whichever comes first is remembered for good, both ways, so that what is written in the supergroup goes on in the
conversation of the group, also after a restart and in another process.  Ids of messages start anew in a supergroup: what was
named by a number alone is named by number and chat there.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Final

from adapters.telegram.place import LEAST_SUPERGROUP, group_key
from core import ids
from core.domain import InboundEvent
from core.inbound import LinkProof, Parsed, Reaction
from core.ports.channel import Memory

MOST_KNOWN: Final = 10_000
MESSAGE_KEY: Final = "m:"
"""Before the number of a message in the keys of events; all other keys are unique in the whole of Telegram."""


class Moves:
    """The moves of one account's groups."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._told: dict[int, int] = {}
        self._homes: OrderedDict[int, int] = OrderedDict()

    def note(self, old: int, new: int) -> None:
        """A service message tells of a move; ``placed`` makes it durable before Telegram is answered."""
        if LEAST_SUPERGROUP < old < 0 and new < LEAST_SUPERGROUP:
            self._told[new] = old

    async def learn(self, old: int, new: int) -> None:
        """Remember a move."""
        await self._memory.remember(f"moved:{old}", str(new))
        self._keep(new, int(await self._memory.remember(f"home:{new}", str(old))))

    async def now(self, chat: int) -> int | None:
        """Where a group is now, when it moved."""
        new = await self._memory.recall(f"moved:{chat}")
        if new is not None and int(new) not in self._homes:
            await self.learn(chat, int(new))
        return None if new is None else int(new)

    async def home(self, chat: int) -> int | None:
        """What a supergroup was before, when it was a group of ours.

        That it was none is not kept: another process may hear of the move.
        """
        if chat >= LEAST_SUPERGROUP:
            return None
        if chat not in self._homes:
            old = await self._memory.recall(f"home:{chat}")
            if old is None:
                return None
            self._keep(chat, int(old))
        return self._homes[chat]

    async def placed(self, item: Parsed) -> Parsed:
        """What was parsed, in the conversation where it goes on; raises ``StoreUnavailable``."""
        while self._told:
            new, old = next(iter(self._told.items()))
            await self.learn(old, new)
            self._told.pop(new, None)
        match item:
            case InboundEvent():
                return await self._event(item)
            case LinkProof():
                return replace(item, event=await self._event(item.event))
            case Reaction(sought=sought) if sought is not None:
                chat = sought.within.get("chat")
                if not isinstance(chat, int) or await self.home(chat) is None:
                    return item
                contact = int(sought.by.rpartition(":")[2])
                within = replace(sought, within={"contact": contact})
                return replace(item, vendor_ref=ref_of(int(item.vendor_ref), chat), sought=within)
            case _:
                return item

    async def _event(self, event: InboundEvent) -> InboundEvent:
        """Topics exist in supergroups only, so what is said in one goes on nowhere."""
        chat, contact = event.thread.get("chat"), event.thread.get("contact")
        if not isinstance(chat, int) or not isinstance(contact, int) or event.thread.get("topic") is not None:
            return event
        home = await self.home(chat)
        if home is None:
            return event
        return replace(
            event,
            conv=ids.conversation_id(event.tenant, event.account, group_key(home, None, contact)),
            dedupe_key=_keyed(event.dedupe_key, chat),
            target=None if event.target is None else _keyed(event.target, chat),
        )

    def _keep(self, new: int, old: int) -> None:
        self._homes[new] = old
        while len(self._homes) > MOST_KNOWN:
            self._homes.popitem(last=False)


def ref_of(message: int, moved_to: int | None) -> str:
    """Our name of a message at Telegram."""
    return str(message) if moved_to is None else f"{message}@{moved_to}"


def number_of(ref: str, moved_to: int | None) -> int | None:
    """The message's number in its chat; None when it was sent before the chat moved."""
    number, _, chat = ref.partition("@")
    return int(number) if moved_to is None or chat == str(moved_to) else None


def _keyed(key: str, chat: int) -> str:
    return f"{key}@{chat}" if key.startswith(MESSAGE_KEY) else key
