"""Telegram as Frontdesk meets it: the Bot API on one side, a contact with their app on the other.

Updates go to the registered webhook, each proven by the secret token, or wait for ``getUpdates``.  One that is not taken (no 2xx)
is kept for ``redeliver``; a webhook's answer may be a method call, as with the real one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import web

from gateway.lab.telegram import shown, updates
from gateway.lab.telegram.door import Door
from gateway.lab.telegram.html import plain
from gateway.lab.telegram.methods import Call, Methods, webhook_address
from gateway.lab.telegram.refusals import Refusal, bad
from gateway.lab.telegram.state import DEFAULT_UPDATES, Books, Chat, Entry, Person
from gateway.lab.vendor import Delivered, Faults, Hook, LabMessage, Watch

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  a header's name
TYPING_SHOWS_S: Final = 5.0
MOST_UPDATES: Final = 100
NOT_TAKEN: Final = Delivered(0, b"")
"""Nobody was there."""

WAITING: Final = Delivered(202, b"")
"""Kept until the bot asks for it."""

ANN: Final = Person(id=7_004_218_355, first_name="Ann", last_name="Lind", username="ann_lind")
GROUP_ID: Final = -1_001_987_654_321
ANONYMOUS_ADMIN: Final = Person(id=1_087_968_824, first_name="Group", username="GroupAnonymousBot")
"""In whose name a supergroup speaks for itself."""


class TelegramLab:
    """One bot, one contact in a private chat, one group they are both in."""

    kind = "telegram"

    def __init__(
        self,
        *,
        token: str = "7000000001:lab-telegram-token",  # noqa: S107  obviously none
        username: str = "frontdesk_lab_bot",
        secret: str = "lab-telegram-secret",  # noqa: S107  obviously none
        person: Person = ANN,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        bot_id = int(token.partition(":")[0])
        bot = {
            "id": bot_id,
            "is_bot": True,
            "first_name": "Frontdesk Lab",
            "username": username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self.token = token
        self.username = username
        self.secret = secret
        self.person = person
        self.faults = Faults()
        self.hook = Hook()
        self.watch = Watch()
        self.books = Books(bot=bot, clock=clock)
        self.books.chats[person.id] = Chat(id=person.id, type="private", person=person)
        self.books.chats[GROUP_ID] = Chat(id=GROUP_ID, type="supergroup", title="Gardeners", is_forum=True)
        # As if Frontdesk had registered before the lab began: reactions come, which Telegram leaves out unless asked.
        self.books.allowed = DEFAULT_UPDATES | {"message_reaction"}
        self.undelivered: list[dict[str, Any]] = []
        self.reorder_next = False
        self.refuse_markup = False
        """Every text with a parse mode is refused, as when Telegram's rules for markup change."""
        self.stalls = False
        """No call is answered before its caller gives up."""
        self.odd_results: dict[str, Any] = {}
        """What a method answers, once it is done, instead of its own result."""
        self._door = Door(token, self.books, self.faults, self._run)
        self._methods = Methods(self.books)
        self._held: list[dict[str, Any]] = []
        self._waiting: list[dict[str, Any]] = []
        self._pollers = 0
        self._update_id = 710_000_000
        self._last_error: tuple[int, str] | None = None

    @property
    def calls(self) -> Sequence[Call]:
        """Every call of the API so far."""
        return self._door.calls

    def app(self) -> web.Application:
        """The Bot API."""
        return self._door.app()

    async def close(self) -> None:
        """Give up connections."""
        await self.hook.close()

    def messages(self, room: str | None = None) -> tuple[LabMessage, ...]:
        """What the contact sees in a chat (``room``: its id), with the draft that is growing there."""
        chat = self.person.id if room is None else int(room)
        keyboard = self.books.chats[chat].keyboard if chat in self.books.chats else None
        seen = [shown.message(entry, keyboard) for entry in self.books.entries if entry.chat == chat]
        draft = self.books.draft(chat)
        return (*seen, *(() if draft is None else (shown.draft(chat, draft),)))

    def is_typing(self, room: str | None = None) -> bool:
        """Does the chat show that the bot is typing."""
        at = self.books.typing.get(self.person.id if room is None else int(room))
        return at is not None and (self.books.clock() - at).total_seconds() < TYPING_SHOWS_S

    async def say(
        self,
        text: str,
        *,
        chat: int | None = None,
        topic: int | None = None,
        reply_to: str | None = None,
        person: Person | None = None,
    ) -> Delivered:
        """Somebody writes, the contact in their private chat unless told otherwise."""
        answered = None if reply_to is None else self._entry(reply_to, chat)
        return await self.post(updates.words(text), chat=chat, topic=topic, reply_to=answered, person=person)

    async def mention(self, text: str, *, topic: int | None = None) -> Delivered:
        """The contact writes to the bot in the group."""
        return await self.say(f"@{self.username} {text}", chat=GROUP_ID, topic=topic)

    async def attach(
        self, name: str, media_type: str, body: bytes, *, text: str = "", is_voice: bool = False
    ) -> Delivered:
        """The contact sends a file, a photo or a voice note."""
        kept = self.books.keep(name, media_type, body)
        return await self.post(updates.file(kept, text, is_voice=is_voice), files=(name,))

    async def post(
        self,
        content: dict[str, Any],
        *,
        chat: int | None = None,
        topic: int | None = None,
        reply_to: Entry | None = None,
        person: Person | None = None,
        files: tuple[str, ...] = (),
    ) -> Delivered:
        """A message of any kind: ``content`` is what a Message has beside its frame (a location, a sticker …)."""
        place = self.books.chats[self.person.id if chat is None else chat]
        now = self.books.clock()
        number = self.books.next_id(place)
        wire = updates.message(
            place,
            person or self.person,
            number=number,
            at=int(now.timestamp()),
            content=content,
            topic=topic,
            reply_to=reply_to,
        )
        said = str(content.get("text") or content.get("caption") or "")
        entry = Entry(
            id=number, chat=place.id, is_bot=False, wire=wire, nodes=plain(said).nodes, at=now, raw=content, files=files
        )
        self.books.entries.append(entry)
        return await self._deliver({"message": wire}, entry)

    async def press(self, ref: str, choice: str, *, chat: int | None = None, data: str | None = None) -> Delivered:
        """The contact presses a button; ``data``: a client that sends something else than the button's own.

        A key of a keyboard is written as a message, in groups as an answer to the one that brought it.
        """
        entry = self._entry(ref, chat)
        keyboard = self.books.chats[entry.chat].keyboard
        if keyboard is not None and keyboard.entry == entry.id and any(choice in row for row in keyboard.rows):
            keyboard.is_folded = keyboard.is_one_time
            answered = None if self.books.chats[entry.chat].type == "private" else entry
            return await self.post(updates.words(choice), chat=entry.chat, reply_to=answered)
        own = next((b["callback_data"] for row in entry.keyboard for b in row if b["text"] == choice), None)
        sent = data if data is not None else own
        if sent is None:
            raise LookupError(f"no button {choice!r} under message {ref}")
        query = updates.press(self.person, entry, number=self._update_id, data=sent)
        self.books.presses.add(query["id"])
        return await self._deliver({"callback_query": query})

    async def edit(self, ref: str, text: str, *, chat: int | None = None) -> Delivered:
        """The contact changes what they wrote."""
        entry = self._entry(ref, chat)
        now = self.books.clock()
        kept = {key: value for key, value in entry.wire.items() if key not in ("text", "entities")}
        entry.wire = {**kept, "edit_date": int(now.timestamp()), **updates.words(text)}
        entry.nodes = plain(text).nodes
        entry.is_edited = True
        return await self._deliver({"edited_message": entry.wire})

    async def react(self, ref: str, emoji: str, *, chat: int | None = None) -> Delivered:
        """The contact reacts with an emoji ("" takes it away); bots hear of it where they are admins."""
        entry = self._entry(ref, chat)
        now = int(self.books.clock().timestamp())
        update = updates.reaction(self.person, self.books.chats[entry.chat], entry, at=now, emoji=emoji)
        entry.reaction = update["new_reaction"]
        return await self._deliver({"message_reaction": update})

    async def block(self, *, is_blocked: bool = True) -> Delivered:
        """The contact blocks the bot, or lets it write again."""
        chat = self.books.chats[self.person.id]
        chat.is_blocked = is_blocked
        now = int(self.books.clock().timestamp())
        change = updates.membership(self.person, chat, self.books.bot, at=now, is_blocked=is_blocked)
        return await self._deliver({"my_chat_member": change})

    async def stop(self) -> Delivered:
        """The contact presses the stop button of the draft that grows in their chat."""
        draft = self.books.draft(self.person.id)
        if draft is None or not draft.can_stop:
            raise LookupError("no draft that can be stopped")
        if not draft.keep_on_stop:
            self.books.drafts.pop(self.person.id)
        about: dict[str, Any] = {"chat": self.books.chats[self.person.id].wire(), "draft_id": draft.id}
        about |= {} if draft.topic is None else {"message_thread_id": draft.topic}
        return await self._deliver({"stopped_message_generation": about})

    def upgrade(self, chat: int, *, to: int) -> None:
        """A group becomes a supergroup: from now on it has another id, and the bot is told of it by nobody."""
        old = self.books.chats[chat]
        self.books.chats[to] = Chat(id=to, type="supergroup", title=old.title)
        old.moved_to = to

    async def become_supergroup(self, chat: int, *, to: int) -> tuple[Delivered, Delivered]:
        """The same, with the service message on each side of the move."""
        old = self.books.chats[chat]
        at, number = int(self.books.clock().timestamp()), self.books.next_id(old)
        self.upgrade(chat, to=to)
        new = self.books.chats[to]
        left = updates.message(old, self.person, number=number, at=at, content={"migrate_to_chat_id": to})
        came = updates.message(
            new, ANONYMOUS_ADMIN, number=self.books.next_id(new), at=at, content={"migrate_from_chat_id": chat}
        )
        came["sender_chat"] = new.wire()
        came["from"]["is_bot"] = True
        return await self._deliver({"message": left}), await self._deliver({"message": came})

    async def redeliver(self) -> Delivered:
        """Post again, in order, what was not taken."""
        waiting, self.undelivered = self.undelivered, []
        answer = NOT_TAKEN
        for update in waiting:
            answer = await self._post(update)
        return answer

    def _entry(self, ref: str, chat: int | None) -> Entry:
        entry = self.books.entry(self.person.id if chat is None else chat, int(ref))
        if entry is None:
            raise LookupError(f"no message {ref}")
        return entry

    async def _deliver(self, content: dict[str, Any], entry: Entry | None = None) -> Delivered:
        self._update_id += 1
        update = {"update_id": self._update_id, **content}
        if not self.books.wants(next(iter(content))):
            return NOT_TAKEN
        if not self.hook.url:
            self._waiting.append(update)
            self.watch.changed()
            return WAITING
        if self.reorder_next:
            self.reorder_next = False
            self._held.append(update)
            return WAITING
        answer = await self._post(update)
        held, self._held = self._held, []
        for late in held:
            await self._post(late)
        if entry is not None:
            entry.status = "sent" if 200 <= answer.status < 300 else "waiting"
        self.watch.changed()
        return answer

    async def _post(self, update: dict[str, Any]) -> Delivered:
        body = msgspec.json.encode(update)
        headers = {"Content-Type": "application/json", SECRET_HEADER: self.secret}
        try:
            answer = await self.hook.post(body, headers)
        except (aiohttp.ClientError, TimeoutError) as error:
            self._failed(update, type(error).__name__)
            return NOT_TAKEN
        if not 200 <= answer.status < 300:
            self._failed(update, f"Wrong response from the webhook: {answer.status}")
            return answer
        await self._take_answer(answer.body)
        return answer

    def _failed(self, update: dict[str, Any], why: str) -> None:
        self.undelivered.append(update)
        self._last_error = (int(self.books.clock().timestamp()), why)

    async def _take_answer(self, body: bytes) -> None:
        """A webhook's answer may be one method call; its result is told to nobody."""
        try:
            given = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        method = given.pop("method", None)
        if isinstance(method, str):
            try:
                await self._run(Call(method, given))
            except Refusal:
                return

    async def _run(self, call: Call) -> Any:
        if self.stalls:
            await asyncio.Event().wait()
        if self.refuse_markup and call.text("parse_mode"):
            raise bad('can\'t parse entities: Unsupported start tag "b" at byte offset 0')
        match call.method.lower():
            case "getupdates":
                result: Any = await self._get_updates(call)
            case "setwebhook":
                result = self._set_webhook(call)
            case "deletewebhook":
                self.hook.url, result = "", True
            case "getwebhookinfo":
                result = self._webhook_info()
            case _:
                result = self._methods.run(call)
        self.watch.changed()
        return self.odd_results.get(call.method, result)

    def _allow(self, call: Call) -> None:
        """The kinds of updates stay as they are when none are named; an empty list means the usual ones."""
        named = call.parameters.get("allowed_updates")
        if isinstance(named, list):
            self.books.allowed = frozenset(named) or None

    def _set_webhook(self, call: Call) -> bool:
        self.hook.url = webhook_address(call.text("url")) if call.text("url") else ""
        self.secret = call.text("secret_token")
        self._allow(call)
        self._last_error = None
        if call.parameters.get("drop_pending_updates") in (True, "true", "True"):
            self._waiting.clear()
        return True

    def _webhook_info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": self.hook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._waiting) + len(self.undelivered),
            "max_connections": 40,
            "allowed_updates": sorted(self.books.allowed or ()),
        }
        if self._last_error is not None:
            info |= {"last_error_date": self._last_error[0], "last_error_message": self._last_error[1]}
        return info

    async def _get_updates(self, call: Call) -> list[dict[str, Any]]:
        """Updates from ``offset`` on; asking for a later one confirms those before it."""
        if self.hook.url:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        self._pollers += 1
        mine = self._pollers
        self.watch.changed()
        self._allow(call)
        offset = call.optional_number("offset")
        if offset is not None:
            if offset < 0:
                raise bad("negative offsets are not in this stand-in")
            self._waiting = [item for item in self._waiting if item["update_id"] >= offset]

        def is_over() -> bool:
            return bool(self._waiting) or self._pollers != mine or bool(self.hook.url)

        try:
            await self.watch.until(is_over, limit_s=call.optional_number("timeout") or 0.001)
        except TimeoutError:
            return []
        if self._pollers != mine:
            raise Refusal(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        return self._waiting[: min(call.optional_number("limit") or MOST_UPDATES, MOST_UPDATES)]
