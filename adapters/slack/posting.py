"""Posting a message's parts once: each carries its outbox id, by which a lost answer is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from adapters.slack.api import SlackApi, Values, certain, text_of
from adapters.slack.known import Recent
from adapters.slack.render import Part
from adapters.slack.rooms import ref_of
from adapters.slack.streams import Token
from core.domain import Attachment
from core.errors import DeliveryError, MessageRejected, OutcomeUnknown
from core.ports.channel import Files, Outbound

EVENT_TYPE: Final = "frontdesk"
LOOK_BACK: Final = timedelta(minutes=6)
"""More than the five minutes by which clocks may differ before Slack's signatures are refused."""
PAGE: Final = 15
"""Apps sold outside the Marketplace get no more than this at once (rule of 2025-05-29)."""
MAX_PAGES: Final = 3


def metadata_of(outbox_id: str, part: int) -> Values:
    """What a message says about itself to whoever reads it with ``include_all_metadata``."""
    return {"event_type": EVENT_TYPE, "event_payload": {"outbox_id": outbox_id, "part": part}}


class Poster:
    """Posts and looks up for one account."""

    def __init__(self, api: SlackApi, tokens: Token, files: Files) -> None:
        self._api = api
        self._tokens = tokens
        self._files = files
        self._rooms = Recent()

    async def room(self, thread: Mapping[str, Any]) -> str:
        """Where to answer: the room of the thread, or the direct message with the contact, opened."""
        channel, user = str(thread.get("channel") or ""), str(thread.get("user") or "")
        if channel:
            return channel
        if not user:
            raise MessageRejected("The conversation has no place at Slack.")
        if user not in self._rooms:
            try:
                opened = await self._call("conversations.open", {"users": user})
            except DeliveryError as error:
                raise certain(error) from None
            self._rooms.keep(user, text_of(opened, "channel", "id"))
        return self._rooms[user]

    async def post(
        self, channel: str, thread_ts: str | None, part: Part, metadata: Values, *, username: str | None
    ) -> str:
        """Post one part; returns its ref."""
        body: Values = {
            "channel": channel,
            "text": part.text,
            "blocks": part.blocks,
            "metadata": metadata,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        body |= {"thread_ts": thread_ts} if thread_ts else {}
        body |= {"username": username} if username else {}
        posted = await self._call("chat.postMessage", body)
        return ref_of(channel, text_of(posted, "ts"))

    async def post_files(self, channel: str, thread_ts: str | None, attachments: tuple[Attachment, ...]) -> str:
        """Post files as one message; only its last step shows them to anybody.  The ref is the first file's."""
        uploaded: list[dict[str, str]] = []
        for attachment in attachments:
            try:
                uploaded.append({"id": await self._upload(attachment), "title": attachment.name})
            except DeliveryError as error:
                raise certain(error) from None
        body: Values = {"files": uploaded, "channel_id": channel}
        body |= {"thread_ts": thread_ts} if thread_ts else {}
        await self._call("files.completeUploadExternal", body)
        return ref_of(channel, uploaded[0]["id"])

    async def _upload(self, attachment: Attachment) -> str:
        try:
            body = await self._files.read(attachment)
        except LookupError:
            raise MessageRejected("The file to send is gone.") from None
        params = {"filename": attachment.name, "length": len(body)}
        place = await self._api.call("files.getUploadURLExternal", token=await self._tokens.token(), params=params)
        await self._api.upload(text_of(place, "upload_url"), body)
        return text_of(place, "file_id")

    async def found(
        self, outbound: Outbound, channel: str, thread_ts: str | None, *, wanted: range, files_part: int
    ) -> dict[int, str]:
        """Which of the parts ``wanted`` are there, by number; ``OutcomeUnknown`` when Slack cannot be asked now."""
        since = outbound.message.created_at - LOOK_BACK
        params: Values = {"channel": channel, "oldest": f"{since.timestamp():.6f}", "limit": PAGE}
        params |= {"include_all_metadata": "true", "inclusive": "true"}
        params |= {"ts": thread_ts} if thread_ts else {}
        method = "conversations.replies" if thread_ts else "conversations.history"
        names = sorted(each.name for each in outbound.message.attachments)
        there: dict[int, str] = {}
        for _ in range(MAX_PAGES):
            try:
                page = await self._api.call(method, token=await self._tokens.token(), params=params)
            except DeliveryError as error:
                raise OutcomeUnknown(
                    f"It is not known whether it was sent: {error.safe_message}", retry_after_s=error.retry_after_s
                ) from None
            for message in page.get("messages") or ():
                _note(message, outbound.id, channel, there, files_part=files_part, names=names)
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor or there.keys() >= set(wanted):
                return there
            params = {**params, "cursor": cursor}
        raise OutcomeUnknown("Too much was said since to find out whether it was sent.")

    async def _call(self, method: str, body: Values) -> Values:
        return await self._api.call(method, token=await self._tokens.token(), json=body)


def _note(
    message: Mapping[str, Any],
    outbox_id: str,
    channel: str,
    there: dict[int, str],
    *,
    files_part: int,
    names: list[str],
) -> None:
    """Whether a message at Slack is a part of ours; files carry no metadata and are known by their titles and their sender."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    if metadata.get("event_type") == EVENT_TYPE and payload.get("outbox_id") == outbox_id:
        part = str(payload.get("part"))
        if part.isdecimal():
            there[int(part)] = ref_of(channel, str(message.get("ts")))
    files = message.get("files") or ()
    if names and files and message.get("bot_id") and sorted(str(file.get("title")) for file in files) == names:
        there[files_part] = ref_of(channel, str(files[0].get("id")))
