"""A channel to a vendor that does not exist, and whole: what the contract's breakages break, and its smallest example."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, SecretStr

from adapters import ChannelContext, ChannelPlugin
from adapters.shared.plain import defused, tables_as_lists
from adapters.shared.sources import source_lines
from adapters.shared.splitting import split
from adapters.shared.walk import map_text
from core import ids, markup
from core.domain import Attachment, Contact, DeliveryState, EventKind, Head, InboundEvent, Message, Role
from core.errors import (
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    ProviderUnavailable,
    SignatureInvalid,
    Throttled,
)
from core.inbound import Ignored, Parsed, Reaction, Receipt
from core.ports.channel import Capabilities, Fetched, Finding, Level, Outbound, RawRequest, Receipts, Sent, Shown
from core.vendors.http import Answer, VendorHttp
from core.wire import decode
from tests.contracts.paper_lab import MAX_TEXT

WIDEST = Capabilities(
    max_text=MAX_TEXT,
    max_choices=3,
    max_attachments=1,
    debounce_ms=0,
    streams=True,
    max_file_bytes=10_000,
    files_in=True,
    files_out=True,
    edits=True,
    deletes=True,
    reactions=True,
    typing=True,
    receipts=Receipts.DELIVERED,
    reconciles=True,
)


class PaperSettings(BaseModel):
    """One account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_url: str
    token: SecretStr
    secrets: list[SecretStr]


class PaperFile(msgspec.Struct, frozen=True):
    """A file of a contact."""

    id: str
    name: str
    type: str


class PaperEvent(msgspec.Struct, frozen=True):
    """One webhook."""

    type: str
    id: str = ""
    room: str = ""
    who: str = ""
    at: datetime | None = None
    text: str = ""
    about: str = ""
    files: tuple[PaperFile, ...] = ()


class PaperChannel:
    """Whole; ``broken_channel.py`` overrides one method at a time."""

    kind = "paper"
    capabilities = WIDEST
    typing_every_s = 4.0
    signature_names = ("X-Paper-Time", "X-Paper-Signature")

    def __init__(self, context: ChannelContext, settings: PaperSettings) -> None:
        self.account, self.tenant, self.context = context.account, context.tenant, context
        self.url = settings.api_url
        self.token = settings.token.get_secret_value()
        self.secrets = [secret.get_secret_value() for secret in settings.secrets]
        self.http = VendorHttp(headers={"Authorization": f"Bearer {self.token}"})

    def verify(self, request: RawRequest) -> None:
        stamp, given = (request.headers.get(name, "") for name in self.signature_names)
        if not stamp or not given:
            raise SignatureInvalid("There is no signature.", cause="missing")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and given.isascii()):
            raise SignatureInvalid("The signature cannot be read.", cause="malformed")
        self.check_time(request, int(stamp))
        if not any(hmac.compare_digest(self.mac(secret, stamp, request.body), given) for secret in self.secrets):
            raise SignatureInvalid("The signature does not match.")

    def check_time(self, request: RawRequest, stamp: int) -> None:
        if abs(request.received_at.timestamp() - stamp) > 300:
            raise SignatureInvalid("Too old or too new.", cause="skew")

    def mac(self, secret: str, stamp: str, body: bytes) -> str:
        return hmac.digest(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hex()

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        event = decode(request.body, PaperEvent)
        if event.who == "bot":
            return (Ignored("own_message"),)
        if not event.id or not event.room or event.at is None or event.at.tzinfo is None:
            return (Ignored("incomplete"),)
        conv = ids.conversation_id(self.tenant, self.account, event.room)
        match event.type:
            case "receipt":
                if event.about:
                    return (Receipt(conv=conv, vendor_ref=event.about, state=DeliveryState.DELIVERED),)
            case "thumb":
                if event.about:
                    return (Reaction(conv=conv, vendor_ref=event.about, key=event.id, rating=5),)
            case "said" | "pressed" | "edited" | "deleted":
                return self.said(event, request, conv)
            case _:
                pass
        return (Ignored("unknown_type"),)

    def said(self, event: PaperEvent, request: RawRequest, conv: str) -> tuple[Parsed, ...]:
        kind = {"edited": EventKind.CONTACT_EDITED, "deleted": EventKind.CONTACT_DELETED}.get(
            event.type, EventKind.MESSAGE
        )
        files = {
            file.id: self.file(file) for file in event.files if file.id and file.name.isprintable() and "/" in file.type
        }
        if not event.who or (kind is EventKind.MESSAGE and self.is_empty(event, files)):
            return (Ignored("empty"),)
        return (
            InboundEvent(
                tenant=self.tenant,
                account=self.account,
                conv=conv,
                dedupe_key=self.dedupe_key(event, request),
                kind=kind,
                contact=Contact(id=f"paper:{event.who}"),
                provider_at=self.time_of(event, request),
                received_at=request.received_at,
                order_key=event.id,
                text=event.text,
                attachments=tuple(files.values()),
                target=event.about or None,
                thread={"room": event.room},
                payload=request.body,
            ),
        )

    def is_empty(self, event: PaperEvent, files: Mapping[str, Attachment]) -> bool:
        return not event.text.strip() and not files

    def dedupe_key(self, event: PaperEvent, request: RawRequest) -> str:
        return event.id

    def time_of(self, event: PaperEvent, request: RawRequest) -> datetime:
        return event.at or request.received_at

    def file(self, file: PaperFile) -> Attachment:
        return Attachment(
            id="u_" + ids.digest(self.tenant, self.account, file.id),
            name=file.name.replace("/", "_") or "file",
            media_type=file.type,
            size_bytes=0,
            origin=json.dumps({"url": f"{self.url}/files/{file.id}"}),
        )

    async def send(self, outbound: Outbound) -> Sent:
        parts = render(self, outbound.message)
        if not parts:
            raise MessageRejected("There is nothing to say.")
        refs: list[str] = []
        for number, part in list(enumerate(parts))[len(outbound.sent_refs) :]:
            is_last = number == len(parts) - 1
            try:
                refs.append(await self.part(outbound, number, part, is_last=is_last))
            except DeliveryError as error:
                error.sent_refs = tuple(refs)
                raise
        return Sent.of_parts(refs)

    async def part(self, outbound: Outbound, number: int, text: str, *, is_last: bool) -> str:
        key = f"{outbound.id}/{number}"
        if outbound.reconcile and (ref := await self.found(key)):
            return ref
        if number == 0 and outbound.preview is not None and outbound.preview.ref:
            return await self.put(outbound.preview.ref, text, is_streaming=False)
        body = {
            "room": outbound.head.thread["room"],
            "text": text,
            "key": key,
            "choices": [self.safe(choice) for choice in outbound.message.choices] if is_last else [],
            "files": [file.name for file in outbound.message.attachments] if is_last else (),
        }
        return self.ref_of(await self.http.call("POST", f"{self.url}/messages", json=body))

    async def found(self, key: str) -> str | None:
        answer = await self.http.call("GET", f"{self.url}/messages", params={"key": key})
        return answer.json()["ref"] if answer.status == 200 else None

    def ref_of(self, answer: Answer) -> str:
        if answer.status == 200:
            return str(answer.json()["ref"])
        raise self.error_of(answer)

    def error_of(self, answer: Answer) -> DeliveryError:
        if answer.status == 429:
            return Throttled("Slow down.", retry_after_s=answer.retry_after_s)
        known: dict[int, type[DeliveryError]] = {400: MessageRejected, 401: CredentialsInvalid}
        return known.get(answer.status, ProviderUnavailable)(f"The vendor says {answer.status}.")

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        if ref is not None:
            return await self.put(ref, text, is_streaming=True)
        body = {"room": head.thread["room"], "text": text, "key": turn_id, "streaming": True}
        return self.ref_of(await self.http.call("POST", f"{self.url}/messages", json=body))

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        if shown.ref is not None:
            await self.put(shown.ref, shown.text, is_streaming=False)

    async def put(self, ref: str, text: str, *, is_streaming: bool) -> str:
        body = {"text": text, "streaming": is_streaming}
        return self.ref_of(await self.http.call("PUT", f"{self.url}/messages/{ref}", json=body))

    async def typing(self, head: Head) -> None:
        await self.http.call("POST", f"{self.url}/typing", json={})

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        url = self.locate(attachment)
        answer = await self.http.call("GET", url, limit_bytes=limit_bytes)
        if answer.status != 200:
            raise MessageRejected("The file is gone.")
        return Fetched(body=answer.body, media_type=attachment.media_type)

    def locate(self, attachment: Attachment) -> str:
        try:
            origin: Any = json.loads(attachment.origin or "")
        except ValueError:
            origin = None
        url = origin.get("url") if isinstance(origin, dict) else None
        if not isinstance(url, str) or not url.startswith(self.url + "/"):
            raise MessageRejected("The file is elsewhere.")
        return url

    async def examine(self) -> tuple[Finding, ...]:
        try:
            answer = await self.http.call("GET", f"{self.url}/me")
        except DeliveryError as error:
            return (Finding(check="api", level=Level.FAILURE, what=error.safe_message, mend="Look at api_url."),)
        level = Level.OK if answer.status == 200 else Level.FAILURE
        return (Finding(check="api", level=level, what=f"The vendor answers {answer.status}.", mend="Look at token."),)

    async def close(self) -> None:
        await self.http.close()

    def safe(self, text: str) -> str:
        return defused(text)

    def footer(self, message: Message) -> str:
        return "\n".join(
            f"{n} {self.safe(title)} {url or ''}".strip() for n, title, url in source_lines(message.citations)
        )

    def room(self, lead: str, footer: str) -> int:
        return MAX_TEXT - len(lead) - len(footer) - 1

    def lead(self, message: Message) -> str:
        return f"{self.safe(message.author)}: " if message.role is Role.AGENT and message.author else ""


def render(channel: PaperChannel, message: Message) -> list[str]:
    """The bodies' texts."""
    tree = map_text(tables_as_lists(markup.parse(message.text)), channel.safe)
    lead, footer = channel.lead(message), channel.footer(message)
    room = channel.room(lead, footer)
    parts = [markup.to_text(part) for part in split(tree, lambda blocks: len(markup.to_text(blocks)) <= room)]
    if parts:
        parts[0] = lead + parts[0]
        parts[-1] += "\n" + footer if footer else ""
    return parts


plugin = ChannelPlugin(kind="paper", settings=PaperSettings, build=PaperChannel, capabilities=WIDEST)
