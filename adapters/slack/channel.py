"""The Slack channel: one app in one workspace.

Events, pressed buttons and slash commands come signed through ``verify`` and ``parse``, or over a socket through ``receive``;
replies go out by the Web API, streamed where Slack can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from adapters import ChannelContext
from adapters.slack import signature
from adapters.slack.api import SlackApi, text_of
from adapters.slack.doctor import examine
from adapters.slack.errors import NO_STREAMS, Refused
from adapters.slack.events import EventReader
from adapters.slack.files import origin_of
from adapters.slack.interactions import InteractionReader
from adapters.slack.known import Known
from adapters.slack.oauth import OAuthInstaller
from adapters.slack.posting import Poster, metadata_of
from adapters.slack.profiles import Profiles
from adapters.slack.render import MAX_CHOICES, MAX_TEXT, Part, render
from adapters.slack.settings import SlackSettings
from adapters.slack.sockets import receive
from adapters.slack.streams import Streams
from adapters.slack.tokens import Tokens
from core.domain import Attachment, Contact, Head, Owner, Role
from core.errors import CredentialsInvalid, DeliveryError, MessageRejected
from core.inbound import Parsed
from core.ports.channel import Accept, Capabilities, Fetched, Finding, Outbound, RawRequest, Sent, Shown
from core.vendors.download import Downloads

KIND: Final = "slack"
FORM: Final = "application/x-www-form-urlencoded"
MAX_FILE_BYTES: Final = 1_073_741_824
MAX_NAME: Final = 80

WIDEST = Capabilities(
    max_text=MAX_TEXT,
    max_choices=MAX_CHOICES,
    max_attachments=10,
    debounce_ms=800,
    streams=True,
    preview_every_s=1.0,
    max_file_bytes=MAX_FILE_BYTES,
    files_in=True,
    files_out=True,
    voice_in=True,
    edits=True,
    deletes=True,
    reactions=True,
    stops=True,
    typing=True,
    groups=True,
    threads=True,
    links=True,
    reconciles=True,
)


class SlackChannel:
    """One Slack account."""

    kind = KIND
    typing_every_s = 60.0

    def __init__(self, context: ChannelContext, settings: SlackSettings) -> None:
        self.account = context.account
        self.tenant = context.tenant
        self.capabilities = _capabilities(settings)
        self.is_receiving = settings.app_token is not None
        self._context = context
        self._settings = settings
        self._keys = signature.Keys([secret.get_secret_value() for secret in settings.signing_secrets])
        self._known = Known()
        self._events = EventReader(self.tenant, self.account, settings, self._known)
        self._interactions = InteractionReader(self.tenant, self.account, settings, self._events)
        self._api = SlackApi(settings.api_url)
        self._tokens = Tokens(context, settings, self._api)
        self._streams = Streams(self._api, self._tokens)
        self._poster = Poster(self._api, self._tokens, context.files)
        self._profiles = Profiles(self._api, self._tokens, clock=context.clock)
        self._downloads = Downloads(settings.files_hosts)
        self._has_status = True
        self.oauth = OAuthInstaller(context, settings, self._api, self._tokens.installations)

    @property
    def installation(self) -> str | None:
        """Slack's name of the workspace; None until it is configured or learnt."""
        return self._settings.team_id or self._known.team

    def verify(self, request: RawRequest) -> None:
        """Prove that Slack sent it, by one of the signing secrets."""
        signature.verify(self._keys, headers=request.headers, body=request.body, now=request.received_at)

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        """Events come as JSON, interactions and commands as forms."""
        media_type = request.headers.get("Content-Type") or request.headers.get("content-type") or ""
        if media_type.startswith(FORM):
            return self._interactions.read_form(request.body, request.received_at)
        return self._events.read(request.body, request.received_at)

    async def send(self, outbound: Outbound) -> Sent:
        """Post what of the message is not there yet: its texts, then its files."""
        thread_ts = outbound.head.thread.get("thread_ts")
        parts = render(outbound.message, is_named=not self._settings.agent_username)
        count = len(parts) + bool(outbound.message.attachments)
        if not count:
            raise MessageRejected("There is nothing to say.")
        channel = await self._poster.room(outbound.head.thread)
        wanted = range(len(outbound.sent_refs), count)
        there: dict[int, str] = {}
        if outbound.reconcile:
            there = await self._poster.found(outbound, channel, thread_ts, wanted=wanted, files_part=len(parts))
        refs: list[str] = []
        for number in wanted:
            try:
                ref = there.get(number) or await self._deliver(outbound, channel, thread_ts, parts, number)
            except DeliveryError as error:
                error.sent_refs = tuple(refs)
                raise
            self._known.sent.keep(ref, outbound.head.conv)
            refs.append(ref)
        return Sent.of_parts(refs)

    async def _deliver(
        self, outbound: Outbound, channel: str, thread_ts: str | None, parts: tuple[Part, ...], number: int
    ) -> str:
        if number == len(parts):
            return await self._poster.post_files(channel, thread_ts, outbound.message.attachments)
        metadata = metadata_of(outbound.id, number)
        streamed = outbound.preview.ref if outbound.preview is not None and number == 0 else None
        if streamed is not None and await self._streams.finish(
            streamed, parts[0], metadata, status=self._status(outbound.head)
        ):
            return streamed
        return await self._poster.post(channel, thread_ts, parts[number], metadata, username=self._username(outbound))

    def _username(self, outbound: Outbound) -> str | None:
        message = outbound.message
        is_person = self._settings.agent_username and message.role is Role.AGENT
        return message.author[:MAX_NAME] if is_person and message.author else None

    def _status(self, head: Head) -> str | None:
        """What an agent session's status is once a reply stands; None where there are no sessions."""
        if not self._settings.agent_sessions:
            return None
        return "suspended" if head.owner in (Owner.QUEUE, Owner.HUMAN) else "active"

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        """Stream the reply's full text so far."""
        if not self.capabilities.streams:
            return ref
        shown = await self._streams.show(head, await self._poster.room(head.thread), text, ref)
        if shown is not None:
            self._known.sent.keep(shown, head.conv)
        return shown

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        """Stop the stream as it is."""
        if shown.ref is not None:
            await self._streams.end(shown.ref, status=self._status(head))

    def is_private(self, thread: Mapping[str, Any]) -> bool:
        """Whether only the contact and we are there."""
        return str(thread.get("channel", "")).startswith("D")

    def link_to(self, token: str) -> str | None:
        """Slack has no address that opens a chat and brings a text along; the token can be typed."""
        return None

    async def typing(self, head: Head) -> None:
        """The assistant's status line; there is one in threads only."""
        thread_ts = head.thread.get("thread_ts")
        if thread_ts is None or not self._has_status:
            return
        body = {
            "channel_id": await self._poster.room(head.thread),
            "thread_ts": thread_ts,
            "status": self._settings.status_text,
        }
        await self._quietly("assistant.threads.setStatus", body)

    async def _quietly(self, method: str, body: dict[str, str]) -> None:
        """Set a status; where Slack has none, it is not asked again."""
        try:
            await self._api.ask(method, token=await self._tokens.token(), json=body)
        except Refused as refused:
            if refused.word not in NO_STREAMS:
                raise refused.as_error() from None
            self._has_status = False

    async def profile(self, contact: Contact, thread: Mapping[str, Any]) -> Contact | None:
        """The contact's name, and their address where the app may read it."""
        return await self._profiles.of(contact)

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        """A contact's file, with the bot token; files of other organisations are asked for first."""
        origin = origin_of(attachment)
        token = await self._tokens.token()
        url = origin.url
        if not url:
            told = await self._api.call("files.info", token=token, params={"file": origin.file})
            url = text_of(told, "file", "url_private")
        if attachment.size_bytes > limit_bytes:
            raise MessageRejected(f"The file is larger than {limit_bytes} bytes.")
        got = await self._downloads.fetch(url, limit_bytes=limit_bytes, headers={"Authorization": f"Bearer {token}"})
        if got.media_type == "text/html" and origin.type != "text/html":
            # Slack answers a token that may not read files with its sign-in page and status 200.
            raise CredentialsInvalid("Slack showed its sign-in page: the token needs the scope files:read.")
        return Fetched(body=got.body, media_type=got.media_type, name=got.name or attachment.name)

    async def receive(self, accept: Accept) -> None:
        """Receive by Socket Mode until cancelled."""
        await self.learn()
        token = self._settings.app_token
        if token is None:
            raise CredentialsInvalid("Socket Mode needs app_token.")
        await receive(
            self._api,
            token.get_secret_value(),
            accept,
            events=self._events,
            interactions=self._interactions,
            clock=self._context.clock,
        )

    async def learn(self) -> None:
        """Ask Slack who we are."""
        known = await self._api.call("auth.test", token=await self._tokens.token(), json={})
        self._known.team = text_of(known, "team_id")
        self._known.bot = text_of(known, "user_id")

    async def examine(self) -> tuple[Finding, ...]:
        """What ``frontdesk doctor`` tells about the account."""
        return await examine(self._api, self._tokens, self._settings, self._context)

    async def close(self) -> None:
        """Give up connections."""
        await self._api.close()
        await self._downloads.close()


def _capabilities(settings: SlackSettings) -> Capabilities:
    return replace(
        WIDEST,
        debounce_ms=settings.debounce_ms,
        streams=settings.streaming,
        preview_every_s=WIDEST.preview_every_s if settings.streaming else 0.0,
        stops=settings.agent_sessions,
    )
