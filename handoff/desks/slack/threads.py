"""Threads at Slack as cases: posting once, reading back, files.

Slack has no key that would make a repeated call harmless.  What we post carries its key in its metadata, so after a lost answer
the thread (for a new case, the channel) is read for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from core.domain import Attachment
from core.errors import CaseGone, MessageRejected, OutcomeUnknown, ProviderUnavailable
from core.ports.channel import Files
from handoff.desks.slack.api import SlackDeskApi, Values, text_at
from handoff.desks.slack.cards import CaseFacts, Wire, read_case, read_entry
from handoff.desks.slack.hearing import at_of

PAGE: Final = 100
MAX_PAGES: Final = 20
CLOCKS: Final = timedelta(days=1)
"""How much further back than the first attempt a lost card is looked for: clocks differ, and reading further costs little."""

Message = dict[str, Any]


def place_of(ref: str) -> tuple[str, str]:
    """A ref's channel and first message; ``CaseGone`` when it is no ref of ours."""
    channel, _, ts = ref.partition(":")
    if not channel or at_of(ts) is None:
        raise CaseGone("This is no case of the Slack desk.")
    return channel, ts


class Threads:
    """The threads of one workspace."""

    def __init__(self, api: SlackDeskApi, files: Files) -> None:
        self._api = api
        self._files = files

    async def post(self, channel: str, body: Wire, *, thread_ts: str | None = None) -> str:
        """Post a message; its ``ts``."""
        quiet = {"unfurl_links": False, "unfurl_media": False}
        place = {"channel": channel} | ({"thread_ts": thread_ts} if thread_ts else {})
        return text_at(await self._api.write("chat.postMessage", **place, **quiet, **body), "ts")

    async def update(self, channel: str, ts: str, body: Wire) -> None:
        """Change a message of ours; safe twice."""
        await self._api.write("chat.update", channel=channel, ts=ts, **body)

    async def remove(self, channel: str, ts: str) -> None:
        """Delete a message of ours; one that is gone already is as good."""
        try:
            await self._api.write("chat.delete", channel=channel, ts=ts)
        except CaseGone:
            return

    async def root(self, channel: str, ts: str) -> tuple[Message, CaseFacts]:
        """A case's card and its facts; ``CaseGone`` when it is deleted."""
        params = {"channel": channel, "ts": ts, "limit": "1", "inclusive": "true", "include_all_metadata": "true"}
        found = _messages(await self._api.read("conversations.replies", **params))
        facts = read_case(found[0]) if found and found[0].get("ts") == ts else None
        if facts is None:
            raise CaseGone("The case's first message at Slack is gone.")
        return found[0], facts

    async def replies(self, channel: str, ts: str, *, after: str | None = None) -> list[Message]:
        """The card and what stands in its thread, oldest first; with ``after`` the replies later than that message."""
        more = {} if after is None else {"oldest": after}
        pages = self._pages("conversations.replies", channel=channel, ts=ts, limit=str(PAGE), **more)
        found = [message async for message in pages]
        return sorted(found, key=lambda message: _order(str(message.get("ts"))))

    async def find_card(self, channel: str, key: str, *, since: datetime) -> str | None:
        """The first message of the case with our key, among a channel's since then."""
        count = 0
        async for message in self._pages("conversations.history", channel=channel, limit=str(PAGE)):
            facts = read_case(message)
            if facts is not None and facts.key == key:
                return str(message.get("ts"))
            at = at_of(str(message.get("ts")))
            if at is not None and at < since - CLOCKS:
                return None
            count += 1
        if count >= PAGE * MAX_PAGES:
            raise OutcomeUnknown("Too much was said in the channel to find out whether the case is there.")
        return None

    async def cards(self, channel: str) -> list[Message]:
        """The cases among the newest messages of a channel."""
        told = await self._api.read(
            "conversations.history", channel=channel, limit=str(PAGE), include_all_metadata="true"
        )
        return [message for message in _messages(told) if read_case(message) is not None]

    async def _pages(self, method: str, **params: str) -> AsyncIterator[Message]:
        cursor = ""
        for _ in range(MAX_PAGES):
            more = {"cursor": cursor} if cursor else {}
            told = await self._api.read(method, include_all_metadata="true", **params, **more)
            for message in _messages(told):
                yield message
            meta = told.get("response_metadata")
            cursor = str(meta.get("next_cursor") or "") if isinstance(meta, dict) else ""
            if not cursor:
                return

    async def upload(self, files: Sequence[Attachment]) -> list[dict[str, str]]:
        """Bring files to Slack; nobody sees them before they are shown."""
        return [await self._upload(file) for file in files]

    async def _upload(self, file: Attachment) -> dict[str, str]:
        try:
            body = await self._files.read(file)
        except LookupError:
            raise MessageRejected(f"The file {file.id} is gone.") from None
        place = await self._api.read("files.getUploadURLExternal", filename=file.name, length=str(len(body)))
        try:
            url, file_id = text_at(place, "upload_url"), text_at(place, "file_id")
        except OutcomeUnknown as error:
            raise ProviderUnavailable(error.safe_message) from None
        await self._api.upload(url, body)
        return {"id": file_id, "title": file.name}

    async def show(self, channel: str, thread_ts: str, uploaded: Sequence[dict[str, str]]) -> None:
        """Show uploaded files in a thread."""
        if uploaded:
            place = {"channel_id": channel, "thread_ts": thread_ts}
            await self._api.write("files.completeUploadExternal", files=list(uploaded), **place)


def found_entry(replies: Sequence[Message], key: str, *, me: str) -> tuple[str, frozenset[str]] | None:
    """Our entry with this key, and the titles of the files that followed it; None when it is not there.

    Files carry no metadata: they are ours and stand between their entry and the next one of ours.
    """
    ts, titles = "", set[str]()
    for message in replies:
        facts = read_entry(message)
        if facts is not None and ts:
            break
        if facts is not None and facts.key == key:
            ts = str(message.get("ts"))
        elif ts and message.get("user") == me:
            titles |= {str(file.get("title")) for file in files_of(message)}
    return (ts, frozenset(titles)) if ts else None


def files_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A message's files, as Slack tells them."""
    given = message.get("files")
    return [file for file in given if isinstance(file, dict) and file.get("id")] if isinstance(given, list) else []


def _messages(told: Values) -> list[Message]:
    given = told.get("messages")
    return [message for message in given if isinstance(message, dict)] if isinstance(given, list) else []


def _order(ts: str) -> tuple[int, str]:
    return (len(ts.partition(".")[0]), ts)
