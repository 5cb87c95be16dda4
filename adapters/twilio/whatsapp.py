"""WhatsApp: buttons and lists by the Content API, the 24-hour window, and the typing indicator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from adapters import ChannelContext
from adapters.shared.plain import numbered
from adapters.twilio.channel import TwilioChannel
from adapters.twilio.content import Contents
from adapters.twilio.errors import ContentGone, ContentRefused
from adapters.twilio.render import MAX_BODY, Part
from adapters.twilio.render_whatsapp import MAX_ROWS, plain, render
from adapters.twilio.settings import ReopenTemplate, WhatsAppSettings
from core.domain import Head, Message
from core.errors import OutcomeUnknown, WindowClosed
from core.ports.channel import Capabilities, Outbound, Receipts

WINDOW: Final = timedelta(hours=23, minutes=55)
"""WhatsApp's 24 hours, less what a message may wait on its way."""

WHATSAPP_WIDEST: Final = Capabilities(
    max_text=MAX_BODY,
    max_choices=MAX_ROWS,
    max_attachments=10,
    debounce_ms=1_500,
    streams=False,
    max_file_bytes=16_000_000,
    files_in=True,
    files_out=True,
    voice_in=True,
    typing=True,
    links=True,
    receipts=Receipts.READ,
    reply_window_s=int(WINDOW.total_seconds()),
    reconciles=True,
)


class WhatsAppChannel(TwilioChannel):
    """One WhatsApp account."""

    kind = "whatsapp"
    typing_every_s = 20.0
    """WhatsApp shows it for 25 seconds, or until the answer comes."""

    def __init__(self, context: ChannelContext, settings: WhatsAppSettings) -> None:
        self._whatsapp = settings
        super().__init__(context, settings, replace(WHATSAPP_WIDEST, debounce_ms=settings.debounce_ms))
        self._contents = Contents(self._rest, context.memory, list_button=settings.list_button, clock=context.clock)

    def is_private(self, thread: Mapping[str, Any]) -> bool:
        """There are no groups."""
        return True

    def link_to(self, token: str) -> str | None:
        """Opens the chat with the token already written; None when only a messaging service is known."""
        number = self._settings.from_number
        return None if number is None else f"https://wa.me/{number.removeprefix('+')}?text={quote(token)}"

    async def typing(self, head: Head) -> None:
        """Show that an answer is coming; WhatsApp also marks the contact's message as read."""
        message = head.thread.get("message")
        if message:
            await self._rest.typing(str(message))

    async def reopen(self, head: Head, row: str, *, is_doubtful: bool = False) -> bool:
        """Send the approved template that asks the contact to write again, once for each time the window closed.

        True when it stands sent, as far as can be known.  ``row`` is the outbox row that wants it: only its own attempts try
        it again, and not when an earlier one may have sent it (``is_doubtful``).
        """
        template = self._whatsapp.reopen_template
        if template is None:
            return False
        memory = self._context.memory
        key = f"reopen:{head.conv}:{head.contact_at.isoformat() if head.contact_at else 'never'}"
        if await memory.recall(key) is not None and is_doubtful:
            return True
        if await memory.remember(key, row) != row or await memory.recall(f"{key}:sent") is not None:
            return True
        try:
            ref = await self._create(head, _filled(template, head.contact.name or ""))
        except OutcomeUnknown:
            ref = "unknown"
        await memory.remember(f"{key}:sent", ref)
        return True

    def _sender(self) -> str | None:
        number = self._settings.from_number
        return None if number is None else "whatsapp:+" + number.removeprefix("+")

    def _render(self, message: Message) -> list[Part]:
        return render(message, with_buttons=self._whatsapp.buttons)

    async def _before(self, outbound: Outbound, parts: Sequence[Part]) -> None:
        """Free text is taken only while the window is open."""
        wrote_at = outbound.head.contact_at
        if parts and wrote_at is not None and self._context.clock() - wrote_at > WINDOW:
            await self._close_window(outbound)

    async def _sent_part(self, outbound: Outbound, part: Part) -> str:
        try:
            return await self._sent_with_choices(outbound, part)
        except WindowClosed:
            await self._close_window(outbound)
            raise
        except ContentRefused:
            if not part.choices:
                raise
            lines = plain(numbered(part.choices))
            return await self._create(outbound.head, [("Body", f"{part.text}\n\n{lines}")])

    async def _sent_with_choices(self, outbound: Outbound, part: Part) -> str:
        """A template that somebody deleted at Twilio is made again, once."""
        if not part.choices:
            return await super()._sent_part(outbound, part)
        body = await self._body_of(part)
        try:
            return await self._create(outbound.head, body)
        except ContentGone:
            if not await self._contents.renew(dict(body)["ContentSid"], part.text, part.choices):
                raise
        return await self._create(outbound.head, await self._body_of(part))

    async def _close_window(self, outbound: Outbound) -> None:
        is_sent = await self.reopen(outbound.head, outbound.id, is_doubtful=outbound.reconcile)
        after = "the contact was asked to write again" if is_sent else "no reopen_template is configured"
        raise WindowClosed(f"WhatsApp's 24 hours since the contact wrote are over; {after}.")

    async def _body_of(self, part: Part) -> list[tuple[str, str]]:
        if part.choices:
            return await self._contents.fields(part.text, part.choices)
        return await super()._body_of(part)


def _filled(template: ReopenTemplate, name: str) -> list[tuple[str, str]]:
    """The fields of a message made of the template."""
    values = {place: value.replace("{name}", name) for place, value in template.variables.items()}
    variables = [("ContentVariables", msgspec.json.encode(values).decode())] if values else []
    return [("ContentSid", template.content_sid), *variables]
