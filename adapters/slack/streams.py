"""Native streaming: a message that grows by deltas, derived here from the reply's full text so far.

What a stream shows is kept only in memory.  When that is lost, or the text no longer continues what is shown, nothing more is
appended, and the final message replaces the whole by changing it.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from adapters.slack.api import SlackApi, Values, text_of
from adapters.slack.errors import NO_STREAMS, NOT_STREAMING, Refused
from adapters.slack.known import Recent
from adapters.slack.render import MAX_TEXT, Part, shown
from adapters.slack.rooms import parts_of, ref_of
from core.domain import Head

EVERYWHERE: Final = "*"
"""Key of the rooms without streams: the workspace has none at all."""

GONE: Final = frozenset({"message_not_found"})


class Token(Protocol):
    """Gives the token to call with."""

    async def token(self) -> str:
        """The bot token."""


class Streams:
    """The streams of one account."""

    def __init__(self, api: SlackApi, tokens: Token) -> None:
        self._api = api
        self._tokens = tokens
        self._shown = Recent()
        self._without: set[str] = set()

    async def show(self, head: Head, channel: str, text: str, ref: str | None) -> str | None:
        """Start or continue a stream; returns its ref, None where there are no streams."""
        thread_ts = head.thread.get("thread_ts")
        markdown = shown(text)
        if ref is not None:
            await self._append(ref, markdown)
            return ref
        if thread_ts is None or not markdown or len(markdown) > MAX_TEXT or self._without & {channel, EVERYWHERE}:
            return None
        return await self._start(head, channel, str(thread_ts), markdown)

    async def _start(self, head: Head, channel: str, thread_ts: str, markdown: str) -> str | None:
        body = {
            "channel": channel,
            "thread_ts": thread_ts,
            "markdown_text": markdown,
            "recipient_user_id": head.thread.get("user"),
            "recipient_team_id": head.thread.get("user_team"),
        }
        try:
            answer = await self._api.ask("chat.startStream", token=await self._tokens.token(), json=body)
        except Refused as refused:
            if refused.word not in NO_STREAMS:
                raise refused.as_error() from None
            is_room = refused.word in ("method_not_supported_for_channel_type", "channel_type_not_supported")
            self._without.add(channel if is_room else EVERYWHERE)
            return None
        ref = ref_of(channel, text_of(answer.data, "ts"))
        self._shown.keep(ref, markdown)
        return ref

    async def _append(self, ref: str, markdown: str) -> None:
        before = self._shown.get(ref)
        if before is None or len(markdown) > MAX_TEXT or not markdown.startswith(before) or markdown == before:
            return
        channel, ts = parts_of(ref)
        # Whether a delta whose answer is lost arrived cannot be known: until it is answered, nothing is known to be shown.
        del self._shown[ref]
        body = {"channel": channel, "ts": ts, "markdown_text": markdown[len(before) :]}
        await self._api.call("chat.appendStream", token=await self._tokens.token(), json=body)
        self._shown.keep(ref, markdown)

    async def finish(self, ref: str, part: Part, metadata: Values, *, status: str | None) -> bool:
        """Make the stream the final message; False when it is gone and has to be posted anew.

        It may be done again after a lost answer: the second time only changes the message to what it is.
        """
        before = self._shown.pop(ref, None)
        channel, ts = parts_of(ref)
        body: dict[str, Any] = {"channel": channel, "ts": ts}
        continues = before is not None and part.markdown.startswith(before)
        if before is not None and continues:
            body["metadata"] = metadata
            body |= {"blocks": list(part.footer)} if part.footer else {}
            body |= {"markdown_text": part.markdown[len(before) :]} if part.markdown != before else {}
        word = await self._stop(body, status)
        if word in GONE:
            return False
        if word is None and continues:
            return True
        return await self._replace(channel, ts, part, metadata)

    async def end(self, ref: str, *, status: str | None) -> None:
        """Leave what is shown as it is, finished."""
        self._shown.pop(ref, None)
        channel, ts = parts_of(ref)
        await self._stop({"channel": channel, "ts": ts}, status)

    async def _stop(self, body: Values, status: str | None) -> str | None:
        """Stop a stream; None, or why there was nothing to stop."""
        if status is not None:
            body = {**body, "session_status": status}
        try:
            await self._api.ask("chat.stopStream", token=await self._tokens.token(), json=body)
        except Refused as refused:
            if refused.word in NOT_STREAMING | GONE:
                return refused.word
            raise refused.as_error() from None
        return None

    async def _replace(self, channel: str, ts: str, part: Part, metadata: Values) -> bool:
        body = {"channel": channel, "ts": ts, "text": part.text, "blocks": part.blocks, "metadata": metadata}
        try:
            await self._api.ask("chat.update", token=await self._tokens.token(), json=body)
        except Refused as refused:
            if refused.word in GONE:
                return False
            raise refused.as_error() from None
        return True
