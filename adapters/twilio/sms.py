"""SMS and MMS: plain text, counted in segments, choices as numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from adapters import ChannelContext
from adapters.twilio.channel import TwilioChannel, pause
from adapters.twilio.render import MAX_BODY, Part
from adapters.twilio.render_sms import MAX_MEDIA, render
from adapters.twilio.settings import SmsSettings
from core.domain import Message
from core.ports.channel import Capabilities, Choices, Receipts

SMS_WIDEST: Final = Capabilities(
    max_text=MAX_BODY,
    max_choices=10,
    max_attachments=MAX_MEDIA,
    debounce_ms=1_500,
    streams=False,
    max_file_bytes=5_000_000,
    files_in=True,
    files_out=True,
    choices=Choices.NUMBERS,
    receipts=Receipts.DELIVERED,
    reconciles=True,
)


class SmsChannel(TwilioChannel):
    """One SMS account."""

    kind = "sms"

    def __init__(self, context: ChannelContext, settings: SmsSettings) -> None:
        # Without MMS a file is sent as a link, which is no file on the phone.
        can = replace(SMS_WIDEST, debounce_ms=settings.debounce_ms, files_out=settings.mms)
        super().__init__(context, settings, can)
        self._sms = settings

    def _render(self, message: Message) -> list[Part]:
        return render(message, max_segments=self._sms.max_segments, mms=self._sms.mms)

    async def _pace(self, is_later: bool) -> None:
        if is_later:
            await pause(self._sms.part_gap_s)

    async def _body_of(self, part: Part) -> list[tuple[str, str]]:
        if part.files and not self._sms.mms:
            return [("Body", self._as_links(part))]
        return await super()._body_of(part)
