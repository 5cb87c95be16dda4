"""The web channel: signed events in, the live stream out.

What a browser says arrives through ``said`` (gateway/http has proven the session); what a company's own back end says arrives
signed through ``verify`` and ``parse``.  The contact's log is the ledger itself, so ``send`` has nothing left to do.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Literal

from adapters import ChannelContext
from adapters.shared.text import clean, clean_line
from adapters.web import signature
from adapters.web.payloads import Kind, SignedMessage
from adapters.web.settings import WebSettings, webhook_key
from adapters.web.tokens import Session
from core import ids
from core.domain import Attachment, Contact, EventKind, Head, InboundEvent
from core.errors import PayloadInvalid
from core.inbound import Ignored, Respond
from core.ports.channel import Capabilities, Outbound, RawRequest, Sent, Shown
from core.wire import decode

KIND = "web"
MESSAGE = "message"
WIDEST = Capabilities(
    max_text=20_000,
    max_choices=6,
    max_attachments=10,
    debounce_ms=0,
    streams=True,
    files_in=True,
    files_out=True,
)
FUTURE_LIMIT_S = 3_600


class WebChannel:
    """One web account."""

    kind = KIND
    reads_ledger: Literal[True] = True

    def __init__(self, context: ChannelContext, settings: WebSettings) -> None:
        self.account = context.account
        self.tenant = context.tenant
        self.capabilities = _capabilities(settings)
        self._live = context.live
        self._keys = signature.Keys([webhook_key(secret.get_secret_value()) for secret in settings.webhook_secrets])
        self._arrivals = count(1)

    def verify(self, request: RawRequest) -> None:
        """Prove a signed event by one of the account's ``webhook_secrets``."""
        signature.verify(self._keys, headers=request.headers, body=request.body, now=request.received_at)

    def parse(self, request: RawRequest) -> tuple[InboundEvent | Ignored | Respond, ...]:
        """One signed event; types we do not know are ignored."""
        try:
            message = decode(request.body, SignedMessage)
        except PayloadInvalid:
            if decode(request.body, Kind).type != MESSAGE:
                return (Ignored("unknown_type"),)
            raise
        if message.type != MESSAGE:
            return (Ignored("unknown_type"),)
        return (self._signed(message, request),)

    def _signed(self, message: SignedMessage, request: RawRequest) -> InboundEvent:
        if (message.sent_at - request.received_at).total_seconds() > FUTURE_LIMIT_S:
            raise PayloadInvalid("More than an hour in the future.", field="/sent_at")
        known = message.contact
        return InboundEvent(
            tenant=self.tenant,
            account=self.account,
            conv=ids.conversation_id(self.tenant, self.account, f"thread:{message.thread}"),
            dedupe_key=f"signed:{message.id}",
            kind=EventKind.MESSAGE,
            contact=Contact(
                id=f"contact:{known.id}",
                name=clean_line(known.name, limit=200),
                email=clean_line(known.email, limit=200),
                customer_account=known.customer_account,
                verified=True,
                locale=message.locale,
            ),
            provider_at=message.sent_at,
            received_at=request.received_at,
            order_key=f"{message.sequence:016d}",
            text=clean(message.text, limit=self.capabilities.max_text, field="/text"),
            thread={"thread": message.thread},
            payload=request.body,
        )

    def said(
        self,
        session: Session,
        *,
        key: str,
        text: str,
        now: datetime,
        field: str,
        limit: int | None = None,
        attachments: tuple[Attachment, ...] = (),
        payload: bytes = b"",
    ) -> InboundEvent:
        """What a proven visitor says.

        ``key`` makes it once, ``field`` is where an error points, ``limit`` narrows ``max_text``; arrival is the order.
        """
        longest = self.capabilities.max_text if limit is None else min(limit, self.capabilities.max_text)
        return InboundEvent(
            tenant=self.tenant,
            account=self.account,
            conv=session.conv,
            dedupe_key=f"said:{key}",
            kind=EventKind.MESSAGE,
            contact=session.contact(now),
            provider_at=now,
            received_at=now,
            order_key=f"{next(self._arrivals):016d}",
            text=clean(text, limit=longest, field=field, allow_empty=bool(attachments)),
            attachments=attachments,
            thread={"visitor": session.visitor, **({"page": session.page} if session.page else {})},
            payload=payload,
        )

    async def send(self, outbound: Outbound) -> Sent:
        """The message stands in the ledger, and settling it makes it visible to every watcher: nothing can fail."""
        return Sent(None)

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        """Show the reply's full text so far to whoever watches now."""
        data = {"turn_id": turn_id, "text": text}
        self._live.publish(head.tenant, head.conv, "delta", data)
        return None

    async def tool(self, head: Head, turn_id: str, name: str, state: str) -> None:
        """Tell whoever watches now that a tool is at work; its arguments and result are nobody's business here."""
        self._live.publish(head.tenant, head.conv, "tool", {"turn_id": turn_id, "name": name, "state": state})

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        """The ledger keeps what was shown as an interrupted message, and every watcher reads the ledger."""


def _capabilities(settings: WebSettings) -> Capabilities:
    return replace(WIDEST, max_text=settings.max_text, debounce_ms=settings.debounce_ms)
