"""Slack as a desk: a thread per case in a channel; implements core.ports.helpdesk.Helpdesk and EditsEntries.

The card, a thread's first message, is the case: its metadata holds the key and the state.  What agents write in the thread is
read back from it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core.errors import (
    CaseGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.ports.channel import Fetched, Finding, RawRequest
from core.ports.helpdesk import (
    By,
    CaseChange,
    CaseDraft,
    CaseState,
    DeskAgent,
    DeskFeatures,
    Entry,
    EntryDraft,
    Heard,
    RemoteFile,
)
from core.vendors.download import Downloads
from handoff import DeskContext
from handoff.desks.slack import cards
from handoff.desks.slack.api import SlackDeskApi
from handoff.desks.slack.cards import CaseFacts, Press
from handoff.desks.slack.doctor import examine
from handoff.desks.slack.hearing import SPOKEN, Hearing, at_of, ref_of
from handoff.desks.slack.people import People
from handoff.desks.slack.settings import SlackDeskSettings
from handoff.desks.slack.threads import Message, Threads, files_of, found_entry, place_of
from handoff.desks.slack.words import emoji_in, one_line, read_mark, text_of, to_our_markdown, users_in

KIND: Final = "slack"
MAX_PRESSED: Final = 1_000
MAX_READ: Final = 2_000
NOT_HELD: Final = frozenset({"tombstone", "hidden_by_limit", "external"})
"""Modes of files whose bytes Slack does not have."""
LOOK_BACK: Final = timedelta(minutes=5)

FEATURES: Final = DeskFeatures(
    pushes=True,
    signed=True,
    reads=True,
    notes=True,
    gives_back="The button “Give back to the bot” on the case's first message, or `note: /bot` in its thread.",
    edits=True,
    deletes=True,
    max_text=cards.MAX_TEXT,
    max_file_bytes=100_000_000,
)


class SlackHelpdesk:
    """One tenant's Slack app, in the workspace of its agents."""

    kind = KIND
    features = FEATURES

    def __init__(self, context: DeskContext, settings: SlackDeskSettings) -> None:
        self._context = context
        self._settings = settings
        self._api = SlackDeskApi(settings.api_url, settings.bot_token.get_secret_value())
        self._threads = Threads(self._api, context.files)
        self._people = People(self._api, clock=context.clock)
        self._downloads = Downloads(settings.files_hosts)
        self._pressed: dict[str, list[Press]] = {}
        self._written: dict[str, None] = {}
        self._read: dict[str, tuple[Entry, ...]] = {}
        self._hearing = Hearing(
            [secret.get_secret_value() for secret in settings.signing_secrets],
            reactions=(settings.claim_reaction, settings.resolve_reaction),
            known=self._people.known,
            pressed=self._press,
        )

    def _press(self, ref: str, press: Press) -> None:
        """Keep a press until its card is read; a redelivered one that stands there already is none."""
        if press.id not in self._written and press not in self._pressed.setdefault(ref, []):
            self._pressed[ref].append(press)
        while len(self._pressed) > MAX_PRESSED:
            self._pressed.pop(next(iter(self._pressed)))

    def verify(self, request: RawRequest) -> None:
        """By the app's signing secret."""
        self._hearing.verify(request)

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """Messages and reactions in threads, pressed buttons."""
        return self._hearing.parse(request)

    async def find(self, key: str) -> str | None:
        """The case's card.  A case that no attempt was ever made for is not there; for another its channel is read back."""
        attempt = await self._context.memory.recall(_attempt(key))
        if attempt is None:
            return None
        channel, _, at = attempt.partition(" ")
        ts = await self._threads.find_card(channel, key, since=datetime.fromisoformat(at))
        return None if ts is None else ref_of(channel, ts)

    async def create(self, draft: CaseDraft) -> str:
        """Post the card.  Where it goes is remembered before, so that every attempt goes to the same channel."""
        now = self._context.clock().astimezone(UTC)
        wanted = self._settings.room_of(draft.team)
        attempt = await self._context.memory.remember(_attempt(draft.key), f"{wanted} {now.isoformat()}")
        channel = attempt.partition(" ")[0]
        uploaded = await self._threads.upload(draft.opening.files)
        ts = await self._threads.post(channel, cards.card(draft, cards.case_facts(draft)))
        await self._introduce(channel, ts, uploaded)
        return ref_of(channel, ts)

    async def _introduce(self, channel: str, ts: str, uploaded: list[dict[str, str]]) -> None:
        """The rule as first reply, the opening's files, and the names of those who may press buttons.

        The case stands already, so none of it may fail it: the rule is on the card too.
        """
        with suppress(DeliveryError):
            await self._threads.post(channel, cards.hint(), thread_ts=ts)
        try:
            await self._threads.show(channel, ts, uploaded)
        except DeliveryError:
            names = ", ".join(each["title"] for each in uploaded)
            await self._tell(channel, ts, f"A file that came with the first message could not be shown: {names}")
        await self._people.learn(channel)

    async def _tell(self, channel: str, ts: str, text: str) -> None:
        with suppress(DeliveryError):
            await self._threads.post(channel, {"text": cards.plain(text)}, thread_ts=ts)

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """Post an entry in the thread, then its files."""
        channel, root = place_of(ref)
        if not again:
            # Slack takes messages for a thread whose first message is deleted, where nobody would look.
            await self._threads.root(channel, root)
        elif (there := await self._there(channel, root, draft)) is not None:
            return there
        uploaded = await self._threads.upload(draft.files)
        ts = await self._threads.post(channel, cards.entry(draft), thread_ts=root)
        await self._threads.show(channel, root, uploaded)
        return ts

    async def _there(self, channel: str, root: str, draft: EntryDraft) -> str | None:
        """Our entry, completed by the files it still lacks; None when an earlier attempt did not arrive."""
        try:
            me, replies = await self._people.me(), await self._threads.replies(channel, root)
        except (CaseGone, CredentialsInvalid, MessageRejected):
            raise
        except DeliveryError as error:
            what = f"It is not known whether it was sent: {error.safe_message}"
            raise OutcomeUnknown(what, retry_after_s=error.retry_after_s) from error
        if not replies or cards.read_case(replies[0]) is None:
            raise CaseGone("The case's first message at Slack is gone.")
        found = found_entry(replies, draft.key, me=me.user)
        if found is None:
            return None
        ts, titles = found
        missing = [file for file in draft.files if file.name not in titles]
        await self._threads.show(channel, root, await self._threads.upload(missing))
        return ts

    async def edit(self, ref: str, entry_id: str, text: str | None) -> None:
        """Change or remove a message of ours."""
        channel, root = place_of(ref)
        if text is None:
            await self._threads.remove(channel, entry_id)
            return
        for message in await self._threads.replies(channel, root):
            facts = cards.read_entry(message)
            if message.get("ts") == entry_id and facts is not None:
                await self._threads.update(channel, entry_id, cards.edited_entry(facts, text))
                return

    async def change(self, ref: str, change: CaseChange) -> None:
        """Write the new state on the card; a card that says it already is left alone."""
        channel, ts = place_of(ref)
        card, facts = await self._threads.root(channel, ts)
        now = (await self._folded(ref, card, facts)).changed(change)
        await self._write(ref, card, facts, now)
        if now.team != facts.team:
            await self._point(channel, ts, now.team)

    async def _point(self, channel: str, ts: str, team: str) -> None:
        """A thread cannot move: the other team's channel gets a pointer to it, once."""
        room = self._settings.room_of(team)
        if room == channel:
            return
        mark = f"slack-pointer:{channel}:{ts}:{room}"
        if await self._context.memory.recall(mark) is not None:
            return
        told = await self._api.read("chat.getPermalink", channel=channel, message_ts=ts)
        await self._context.memory.remember(mark, "1")
        address = text_of(told.get("permalink"))
        await self._threads.post(room, {"text": f"A case is for you: <{cards.plain(address)}|open its thread>"})

    async def _folded(self, ref: str, card: Message, facts: CaseFacts) -> CaseFacts:
        """The facts with the presses that wait and the reactions of agents that stand on the card."""
        claims, resolves = self._settings.claim_reaction, self._settings.resolve_reaction
        stand = sorted(each for each in cards.reactions_of(card) if each[0] in (claims, resolves))
        theirs = frozenset([each for each in stand if await self._people.agent(each[1]) is not None])
        for press in self._pressed.get(ref, ()):
            facts = facts.pressed(press)
        return facts.reacted(theirs, claims=claims, resolves=resolves)

    async def state(self, ref: str) -> CaseState:
        """What the card says, with its reactions and the buttons pressed since; what is new is written on it."""
        channel, ts = place_of(ref)
        card, facts = await self._threads.root(channel, ts)
        await self._people.learn(channel)
        now = await self._folded(ref, card, facts)
        # The wish is known all the same; a card that could not be changed is changed when it is next read.
        with suppress(Throttled, ProviderUnavailable, OutcomeUnknown):
            await self._write(ref, card, facts, now)
        return CaseState(
            ref=ref,
            status=now.status,
            key=now.key,
            assignee=await self._agent(now.assignee),
            team=now.team or None,
            tags=now.tag_set(),
            changed_by=await self._agent(now.changed_by),
            revision=text_of((card.get("edited") or {}).get("ts")),
        )

    async def _write(self, ref: str, card: Message, before: CaseFacts, now: CaseFacts) -> None:
        """Bring the card to what is so now; the presses that wait are part of that."""
        presses = tuple(self._pressed.get(ref, ()))
        if now != before:
            channel, ts = place_of(ref)
            await self._threads.update(channel, ts, cards.changed_card(card, now))
        left = [press for press in self._pressed.pop(ref, ()) if press not in presses]
        if left:
            self._pressed[ref] = left
        self._written |= dict.fromkeys(press.id for press in presses)
        while len(self._written) > MAX_PRESSED:
            self._written.pop(next(iter(self._written)))

    async def _agent(self, user: str) -> DeskAgent | None:
        if not user:
            return None
        return await self._people.agent(user) or DeskAgent(id=user, name=user)

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """What stands in the thread; the card itself is the opening entry.

        Slack does not tell what was deleted.  What this process has read before and finds no more is told as deleted.
        """
        channel, root = place_of(ref)
        messages = await self._threads.replies(channel, root, after=after)
        if not messages:
            raise CaseGone("The thread at Slack is gone.")
        told = [message for message in messages if not cards.is_hint(message)]
        later = [message for message in told if after is None or _later(text_of(message.get("ts")), after)]
        found = tuple([entry for message in later if (entry := await self._entry(message, root)) is not None])
        return found if after is not None else self._with_deleted(ref, found)

    def _with_deleted(self, ref: str, found: tuple[Entry, ...]) -> tuple[Entry, ...]:
        there = {entry.id for entry in found}
        gone = [
            replace(entry, text="", files=(), revision="deleted", is_deleted=True)
            for entry in self._read.pop(ref, ())
            if entry.id not in there
        ]
        every = tuple(sorted((*found, *gone), key=lambda entry: entry.at))
        self._read[ref] = tuple(entry for entry in every if entry.by is By.AGENT)
        while len(self._read) > MAX_READ:
            self._read.pop(next(iter(self._read)))
        return every

    async def _entry(self, message: Message, root: str) -> Entry | None:
        ts = text_of(message.get("ts"))
        at = at_of(ts)
        if at is None or message.get("subtype") == "tombstone":
            return None
        me = await self._people.me()
        if message.get("user") == me.user or (me.bot and message.get("bot_id") == me.bot):
            return _ours(message, ts, at, is_root=ts == root)
        user = text_of(message.get("user"))
        is_spoken = message.get("subtype") in SPOKEN and message.get("bot_id") is None and bool(user)
        agent = await self._people.agent(user) if is_spoken else None
        if agent is None:
            return Entry(id=ts, by=By.OTHER, is_public=None, text="", at=at)
        said = read_mark(text_of(message.get("text")))
        return Entry(
            id=ts,
            by=By.AGENT,
            is_public=said.is_public,
            text=await self._words(said.text, message),
            at=at,
            agent=agent,
            files=tuple(_file(file) for file in files_of(message) if file.get("mode") not in NOT_HELD),
            revision=text_of((message.get("edited") or {}).get("ts")),
        )

    async def _words(self, text: str, message: Message) -> str:
        named = {user: await self._people.agent(user) for user in sorted(users_in(text))}
        names = {user: agent.name for user, agent in named.items() if agent is not None}
        return to_our_markdown(text, names=names, emoji=emoji_in(message.get("blocks")))

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """Cases among the newest hundred messages of each channel that were answered or changed since then."""
        found: list[str] = []
        for room in self._settings.rooms:
            for card in await self._threads.cards(room):
                stamps = (card.get("ts"), card.get("latest_reply"), (card.get("edited") or {}).get("ts"))
                times = [at for stamp in stamps if (at := at_of(text_of(stamp))) is not None]
                if times and max(times) >= since - LOOK_BACK:
                    found.append(ref_of(room, text_of(card.get("ts"))))
        return tuple(found)

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """An agent's file, with the bot token; its address is asked for anew, since Slack's may end."""
        told: Any = (await self._api.read("files.info", file=file.origin)).get("file")
        told = told if isinstance(told, dict) else {}
        size, media_type = told.get("size"), text_of(told.get("mimetype"))
        if isinstance(size, int) and size > limit_bytes:
            raise MessageRejected(f"The file is larger than {limit_bytes} bytes.")
        url = text_of(told.get("url_private_download")) or text_of(told.get("url_private"))
        if not url:
            raise MessageRejected("Slack does not have the file any more.")
        token = self._settings.bot_token.get_secret_value()
        got = await self._downloads.fetch(url, limit_bytes=limit_bytes, headers={"Authorization": f"Bearer {token}"})
        if got.media_type == "text/html" and media_type != "text/html":
            # Slack answers a token that may not read files with its sign-in page and status 200.
            raise CredentialsInvalid("Slack showed its sign-in page: the token needs the scope files:read.")
        return Fetched(body=got.body, media_type=media_type or got.media_type, name=file.name)

    async def examine(self) -> tuple[Finding, ...]:
        """What ``frontdesk doctor`` tells about the desk."""
        return await examine(self._api, self._settings, self._context)

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self._api.close()
        await self._downloads.close()


def _attempt(key: str) -> str:
    return f"slack-case:{key}"


def _later(ts: str, after: str) -> bool:
    left, right = at_of(ts), at_of(after)
    return left is not None and (right is None or left > right)


def _ours(message: Message, ts: str, at: datetime, *, is_root: bool) -> Entry:
    """An entry of ours, by whatever words: it is never relayed."""
    if is_root:
        card = cards.read_case(message)
        return Entry(id=ts, by=By.OURS, is_public=True, text="", at=at, key=card.opening or None if card else None)
    facts = cards.read_entry(message)
    if facts is None:
        return Entry(id=ts, by=By.OURS, is_public=False, text="", at=at)
    return Entry(id=ts, by=By.OURS, is_public=facts.is_public, text=text_of(message.get("text")), at=at, key=facts.key)


def _file(file: Any) -> RemoteFile:
    name = one_line(text_of(file.get("name")) or text_of(file.get("title")), 200).replace("/", " ").replace("\\", " ")
    size = file.get("size")
    return RemoteFile(
        id=str(file["id"]),
        name=name.strip() or "file",
        media_type=text_of(file.get("mimetype")) or "application/octet-stream",
        size_bytes=size if isinstance(size, int) and size > 0 else 0,
        origin=str(file["id"]),
    )
