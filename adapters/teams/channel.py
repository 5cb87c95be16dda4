"""The Teams channel: activities of the Bot Framework in, the Bot Connector out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from adapters import ChannelContext
from adapters.teams.connector import Connector, Room, Tokens
from adapters.teams.doctor import Doctor
from adapters.teams.files import origin_of
from adapters.teams.inbound import PERSONAL, Reader
from adapters.teams.keys import KeyRing
from adapters.teams.payloads import Activity
from adapters.teams.proof import Doorkeeper, is_local
from adapters.teams.render import Activity as Body
from adapters.teams.render import Look, growing, is_showable, plain_activity, render
from adapters.teams.settings import TeamsSettings
from adapters.teams.streams import Streams
from core.domain import Attachment, Head, Message
from core.errors import ConfigError, DeliveryError, MessageRejected, OutcomeUnknown, StoppedByContact, Unsupported
from core.inbound import Parsed
from core.ports.channel import Capabilities, Fetched, Finding, Outbound, RawRequest, Sent, Shown
from core.vendors.download import Downloads
from core.vendors.http import VendorHttp
from core.wire import decode

KIND: Final = "teams"
LINK_S: Final = 86_400
"""Files we send are links: Teams' servers and the contact fetch them when they look at the message."""

WIDEST: Final = Capabilities(
    max_text=20_000,
    max_choices=6,
    max_attachments=10,
    debounce_ms=0,
    streams=True,
    preview_every_s=1.5,
    max_file_bytes=100_000_000,
    files_in=True,
    files_out=True,
    edits=True,
    deletes=True,
    reactions=True,
    stops=True,
    typing=True,
    groups=True,
    threads=True,
    links=True,
)


def _capabilities(settings: TeamsSettings) -> Capabilities:
    every_s = WIDEST.preview_every_s if settings.streaming else 0.0
    return replace(WIDEST, streams=settings.streaming, preview_every_s=every_s, debounce_ms=settings.debounce_ms)


class TeamsChannel:
    """One Teams account: one bot registration."""

    kind = KIND
    typing_every_s = 3.0

    def __init__(self, context: ChannelContext, settings: TeamsSettings) -> None:
        if settings.dev_mode and context.webhook_url is not None and not is_local(context.webhook_url):
            raise ConfigError(
                f"account {context.account!r}: dev_mode takes unproven requests, so it is refused with a public base_url"
            )
        self.account = context.account
        self.tenant = context.tenant
        self.capabilities = _capabilities(settings)
        self._files = context.files
        self._look = Look(ai_label=settings.ai_label, feedback=settings.feedback)
        self._http = VendorHttp()
        self._keys = KeyRing(self._http, settings.places.openid_url, context.clock)
        self._door = Doorkeeper(settings, self._keys)
        self._tokens = Tokens(settings, self._http, context.clock)
        self._connector = Connector(self._http, self._tokens, self._door.service_urls)
        self._streams = Streams(self._connector, context.clock)
        self._downloads = Downloads(settings.places.file_hosts + settings.places.service_hosts)
        self._reader = Reader(tenant=self.tenant, account=self.account, shared_rooms=settings.shared_rooms)
        self._doctor = Doctor(settings, self._http, context)

    def verify(self, request: RawRequest) -> None:
        """Prove that Teams sent it, for this bot, from an allowed tenant."""
        self._door.check(request)

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        """One activity."""
        return self._reader.read(decode(request.body, Activity), request)

    async def refresh_keys(self) -> None:
        """Fetch Microsoft's signing keys, at most once an hour."""
        await self._keys.refresh()

    async def send(self, outbound: Outbound) -> Sent:
        """Say it; a reply that grew before their eyes is finished in its place."""
        room, message = Room.of(outbound.head.thread), outbound.message
        parts = render(message, links=self._links(message), look=self._look_for(outbound.head))
        if not parts:
            raise MessageRejected("The message says nothing.")
        streamed = outbound.preview.ref if outbound.preview is not None else None
        if outbound.reconcile and not (streamed and len(parts) == 1 and not outbound.sent_refs):
            # Teams takes no key of ours and tells no history; only a message whose id we know can be said twice safely.
            raise OutcomeUnknown("Teams cannot be asked whether an earlier attempt arrived.")
        refs: list[str] = []
        try:
            for number, activity in enumerate(parts):
                if number < len(outbound.sent_refs):
                    continue
                if number == 0 and streamed:
                    finish = self._finish(outbound.head)
                    refs.append(await self._streams.finish(room, streamed, activity, finish=finish))
                else:
                    refs.append(await self._connector.create(room, activity))
        except StoppedByContact:
            return Sent(streamed)
        except DeliveryError as error:
            error.sent_refs = tuple(refs)
            raise
        return Sent.of_parts(refs)

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        """Show the reply as far as it is written; Teams streams in personal chats only."""
        room = Room.of(head.thread)
        if room.kind != PERSONAL or not self.capabilities.streams:
            return ref
        shown = growing(text)
        if not is_showable(shown):
            return ref
        return await self._streams.grow(room, shown, ref=ref, finish=self._finish(head))

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        """Finish what is on show as it is."""
        if shown.ref is not None:
            room, finish = Room.of(head.thread), self._finish(head)
            await self._streams.leave(room, shown.ref, growing(shown.text), finish=finish)

    def is_private(self, thread: Mapping[str, Any]) -> bool:
        """Whether only the contact and we are there."""
        return thread.get("kind") == PERSONAL

    def link_to(self, token: str) -> str | None:
        """Teams has no address that opens a chat and brings a text along; the token can be typed."""
        return None

    async def typing(self, head: Head) -> None:
        """Three dots for about three seconds."""
        room = Room.of(head.thread)
        if not self._streams.is_streaming(room.conversation):
            await self._connector.create(room, {"type": "typing"})

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        """A contact's file: pre-authorised at SharePoint, or at the connector with our token."""
        origin = origin_of(attachment)
        if not origin.ours:
            return await self._downloads.fetch(origin.url, limit_bytes=limit_bytes)
        if not self._door.service_urls.allow(origin.url.partition("?")[0]):
            raise MessageRejected("The picture is not kept by Teams.")
        token = await self._tokens.bearer()
        headers = {"Authorization": f"Bearer {token}"} if token else None
        return await self._downloads.fetch(origin.url, limit_bytes=limit_bytes, headers=headers)

    async def examine(self) -> tuple[Finding, ...]:
        """What `frontdesk doctor` looks at."""
        return await self._doctor.examine()

    async def close(self) -> None:
        """Give up connections."""
        await self._http.close()
        await self._downloads.close()

    def _look_for(self, head: Head) -> Look:
        return replace(self._look, language=head.language)

    def _finish(self, head: Head) -> Callable[[str], Body]:
        look = self._look_for(head)
        return lambda text: plain_activity(text, look)

    def _links(self, message: Message) -> dict[str, str]:
        """Where Teams fetches our files from."""
        links: dict[str, Any] = {item.id: self._files.link(item, valid_s=LINK_S) for item in message.attachments}
        if any(link is None for link in links.values()):
            raise Unsupported("Files can be sent to Teams only with a public server.public.base_url.")
        return links
