"""What SMS and WhatsApp have in common: the signature, the forms, sending in parts, and looking up what may have arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from adapters import ChannelContext
from adapters.twilio import doctor
from adapters.twilio.errors import MediaRefused
from adapters.twilio.forms import Form
from adapters.twilio.inbound import TWIML, Reader
from adapters.twilio.render import Part
from adapters.twilio.rest import Pairs, TwilioRest, authorization
from adapters.twilio.settings import API_URL, TwilioSettings
from adapters.twilio.signature import SHA1, SHA256, Signatures
from core.domain import Attachment, Head, Message
from core.errors import DeliveryError, MessageRejected, OutcomeUnknown, SignatureInvalid, Unsupported
from core.inbound import Ignored, Parsed
from core.ports.channel import Capabilities, Fetched, Finding, Outbound, RawRequest, Sent
from core.vendors.download import Downloads
from core.vendors.guard import is_loopback

LINK_VALID_S: Final = 86_400
"""A link in a text should outlive a night's sleep."""
MEDIA_VALID_S: Final = 36_000
"""Twilio may keep a message queued for ten hours before it fetches the file."""
SETTLED_S: Final = 60
"""A message that Twilio does not list this long after an attempt never reached it."""
CLOCKS_APART_S: Final = 30
"""How far Twilio's clock may be behind ours; a message from before is another one with the same words."""
MEDIA_HOSTS: Final = (
    "api.twilio.com", "mms.twilio.com", "mcs.us1.twilio.com", "*.twiliocdn.com", "s3-external-1.amazonaws.com"
)  # fmt: skip
CAUSES: Final = {
    "missing": "The request has no X-Twilio-Signature.",
    "malformed": "The X-Twilio-Signature is not one.",
    "url": "The signature is for another address than the account's public_url.",
    "secret": "The signature does not match.",
}


class TwilioChannel:
    """One account of either kind; ``on_observed`` is told each cause that mode ``observe`` lets pass."""

    kind: str = ""

    def __init__(self, context: ChannelContext, settings: TwilioSettings, capabilities: Capabilities) -> None:
        self.account = context.account
        self.tenant = context.tenant
        self.capabilities = capabilities
        self.on_observed: Callable[[str], None] | None = None
        self._context = context
        self._settings = settings
        self._url = settings.public_url or context.webhook_url
        self._signatures = _signatures(settings, self._url)
        self._reader = Reader(tenant=self.tenant, account=self.account, kind=self.kind, ours=self._sender())
        self._rest = TwilioRest(settings)
        self._media_hosts = (settings.api_url,) if settings.api_url else MEDIA_HOSTS
        self._downloads = Downloads(self._media_hosts)
        self._read: tuple[bytes, Form] = (b"", Form(b""))

    def verify(self, request: RawRequest) -> None:
        """Prove that Twilio sent it; in mode ``observe`` a fault is only told to ``on_observed``."""
        form = None if _is_json(request) else self._form(request.body)
        cause = self._signatures.fault(request, form)
        if cause is None:
            return
        if self._settings.signature_mode == "enforce":
            raise SignatureInvalid(CAUSES[cause], cause=cause)
        if self.on_observed is not None:
            self.on_observed(cause)

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        """The message or status of one form, and the empty answer that Twilio wants."""
        if _is_json(request):
            return (Ignored("unknown_type"), TWIML)
        return self._reader.read(self._form(request.body).fields(), request)

    async def send(self, outbound: Outbound) -> Sent:
        """Send the parts that are still to be sent, in order."""
        parts = self._render(outbound.message)
        if not parts:
            raise MessageRejected("There is nothing in the message to send.")
        rest = parts[len(outbound.sent_refs) :]
        refs: list[str] = []
        try:
            if outbound.reconcile:
                await self._find_arrived(outbound, rest, refs)
            await self._before(outbound, rest[len(refs) :])
            for part in rest[len(refs) :]:
                await self._pace(bool(refs or outbound.sent_refs))
                refs.append(await self._sent_part(outbound, part))
        except DeliveryError as error:
            error.sent_refs = tuple(refs)
            if isinstance(error, OutcomeUnknown):
                await self._doubtful_since(outbound.id)
            raise
        return Sent.of_parts(refs)

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        """A contact's file; our credentials go to Twilio's API only, not to the storage it redirects to."""
        url = self._address(attachment)
        is_api = url.startswith(((self._settings.api_url or API_URL) + "/", "https://mms.twilio.com/"))
        headers = authorization(self._settings.login) if is_api else {}
        return await self._downloads.fetch(url, limit_bytes=limit_bytes, headers=headers)

    async def discard(self, attachment: Attachment) -> None:
        """The file is safe with us: delete it at Twilio when ``delete_media`` says so."""
        url = self._address(attachment)
        if self._settings.delete_media and url.startswith((self._settings.api_url or API_URL) + "/2010-04-01/"):
            await self._rest.delete(url)

    def _address(self, attachment: Attachment) -> str:
        """Where a file is; ``api_url`` stands in for Twilio's own address here, too."""
        url = _origin(attachment)
        if self._settings.api_url is not None and url.startswith(API_URL + "/"):
            return self._settings.api_url + url.removeprefix(API_URL)
        return url

    async def examine(self) -> tuple[Finding, ...]:
        """What ``frontdesk doctor`` finds."""
        return await doctor.examine(self._rest, self._settings, kind=self.kind, url=self._url, now=self._context.clock)

    async def close(self) -> None:
        """Close the connections; safe twice and before first use."""
        await self._rest.close()
        await self._downloads.close()

    def _sender(self) -> str | None:
        return self._settings.from_number

    def _render(self, message: Message) -> list[Part]:
        raise NotImplementedError

    async def _before(self, outbound: Outbound, parts: Sequence[Part]) -> None:
        """What must hold before anything is sent."""

    async def _pace(self, is_later: bool) -> None:
        """Wait between the parts of a reply."""

    async def _body_of(self, part: Part) -> list[tuple[str, str]]:
        """The fields that say what is sent."""
        pairs = [("Body", part.text)] if part.text else []
        return pairs + [("MediaUrl", self._link(file, MEDIA_VALID_S)) for file in part.files]

    async def _sent_part(self, outbound: Outbound, part: Part) -> str:
        try:
            return await self._create(outbound.head, await self._body_of(part))
        except MediaRefused:
            return await self._create(outbound.head, [("Body", self._as_links(part))])

    async def _create(self, head: Head, body: Pairs) -> str:
        return await self._rest.create_message([*self._route(head), *body])

    def _route(self, head: Head) -> list[tuple[str, str]]:
        """To whom, from whom, and where Twilio reports what became of it."""
        settings, ours = self._settings, self._sender()
        pairs = [("To", str(head.thread.get("to", "")))]
        if settings.messaging_service_sid is not None:
            pairs.append(("MessagingServiceSid", settings.messaging_service_sid))
        else:
            pairs.append(("From", ours or ""))
        if self._url is not None and (
            settings.api_url is not None or not is_loopback(urlsplit(self._url).hostname or "")
        ):
            mark = "&" if "?" in self._url else "?"
            pairs.append(("StatusCallback", f"{self._url}{mark}c={head.conv}"))
        return pairs

    def _link(self, file: Attachment, valid_s: int) -> str:
        link = self._context.files.link(file, valid_s=valid_s)
        if link is None:
            raise Unsupported("Files can be sent only when server.public.base_url is set.")
        return link

    def _as_links(self, part: Part) -> str:
        lines = [f"{file.name}: {self._link(file, LINK_VALID_S)}" for file in part.files]
        return "\n".join([part.text, *lines] if part.text else lines)

    async def _find_arrived(self, outbound: Outbound, rest: Sequence[Part], refs: list[str]) -> None:
        """Add the parts that an earlier attempt did deliver to ``refs``; ``OutcomeUnknown`` while that cannot be told.

        Twilio knows nothing of our ids, so the newest messages to the contact are compared by their words.
        """
        since = outbound.message.created_at - timedelta(seconds=CLOCKS_APART_S)
        listed = await self._rest.messages_to(str(outbound.head.thread.get("to", "")))
        theirs = [item for item in listed if _is_ours_since(item, since)]
        known = set(outbound.sent_refs)
        for part in rest:
            found = next((str(i["sid"]) for i in theirs if i["sid"] not in known and _is_of(part, i)), None)
            if found is None:
                break
            refs.append(found)
            known.add(found)
        if len(refs) < len(rest):
            age = self._context.clock() - await self._doubtful_since(outbound.id)
            if age.total_seconds() < SETTLED_S:
                raise OutcomeUnknown("Twilio does not list it yet; it may still arrive.")

    async def _doubtful_since(self, row: str) -> datetime:
        """When it was first unclear whether a row arrived; remembered across restarts."""
        stands = await self._context.memory.remember(f"doubt:{row}", self._context.clock().isoformat())
        return datetime.fromisoformat(stands)

    def _form(self, body: bytes) -> Form:
        """The form of a body; ``verify`` and ``parse`` of one request share it, known by the very same bytes object."""
        known = self._read
        if known[0] is not body:
            self._read = known = (body, Form(body))
        return known[1]


def _signatures(settings: TwilioSettings, url: str | None) -> Signatures:
    if settings.webhook_signing == "shared_key":
        return Signatures([_bytes(key) for key in settings.shared_keys], url=url, algorithm=SHA256)
    tokens = [settings.auth_token, settings.secondary_auth_token]
    return Signatures([_bytes(token) for token in tokens if token is not None], url=url, algorithm=SHA1)


def _bytes(secret: Any) -> bytes:
    value: str = secret.get_secret_value()
    return value.encode()


def _is_json(request: RawRequest) -> bool:
    return request.headers.get("Content-Type", "").startswith("application/json")


def _origin(attachment: Attachment) -> str:
    try:
        return str(msgspec.json.decode(attachment.origin or "", type=dict[str, str])["url"])
    except (msgspec.DecodeError, KeyError):
        raise MessageRejected("The file has no address at Twilio.") from None


def _is_ours_since(item: dict[str, Any], since: datetime) -> bool:
    if not isinstance(item.get("sid"), str) or item.get("direction") == "inbound":
        return False
    if item.get("status") in ("failed", "undelivered", "canceled"):
        return False
    with suppress(TypeError, ValueError):
        return parsedate_to_datetime(item["date_created"]) >= since
    return True


def _is_of(part: Part, item: dict[str, Any]) -> bool:
    """Whether a listed message says what the part says; links to files change with each attempt, their names do not."""
    body = str(item.get("body") or "")
    if part.text:
        return body == part.text or (bool(part.choices) and body.startswith(part.text))
    if not body:
        return str(item.get("num_media") or "0") == str(len(part.files))
    return all(f"{file.name}: http" in body for file in part.files)


async def pause(seconds: float) -> None:
    """Wait between two messages of one reply: Twilio does not promise their order."""
    if seconds > 0:
        await asyncio.sleep(seconds)
