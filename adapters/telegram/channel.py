"""The Telegram channel: pure reading of updates in, the Bot API out."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from adapters import ChannelContext
from adapters.telegram.api import BotApi
from adapters.telegram.doctor import Doctor
from adapters.telegram.media import DOWNLOAD_LIMIT_BYTES, Origin, Stored
from adapters.telegram.moves import Moves
from adapters.telegram.payloads import Update
from adapters.telegram.place import place_of
from adapters.telegram.polling import Poller
from adapters.telegram.press import Presses
from adapters.telegram.previews import Previews
from adapters.telegram.registration import register_webhook, take_webhook_away
from adapters.telegram.render import MAX_TEXT
from adapters.telegram.sending import Sending
from adapters.telegram.settings import TelegramSettings
from adapters.telegram.updates import MAX_START, PRESS_KEY, Reader
from adapters.telegram.wording import Wording
from core.domain import Attachment, Head, InboundEvent
from core.errors import MessageRejected, ProviderUnavailable, SignatureInvalid, Unsupported
from core.inbound import Parsed
from core.ports.channel import Accept, Capabilities, Fetched, Finding, Outbound, RawRequest, Sent, Shown
from core.vendors.download import Downloads
from core.wire import decode

KIND = "telegram"
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  a header's name
TYPING_EVERY_S: Final = 4.0
"""The sign fades after 5 seconds (checked 2026-11-21)."""

WIDEST = Capabilities(
    max_text=MAX_TEXT,
    max_choices=8,
    max_attachments=10,
    debounce_ms=1_000,
    streams=True,
    preview_every_s=1.0,
    max_file_bytes=DOWNLOAD_LIMIT_BYTES,
    files_in=True,
    files_out=True,
    voice_in=True,
    edits=True,
    reactions=True,
    stops=True,
    typing=True,
    groups=True,
    threads=True,
    links=True,
)

_FILE_PATH: Final = re.compile(r"[A-Za-z0-9_\-. ()/]{1,500}")
_LINK_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_START}}}")


class TelegramChannel:
    """One bot."""

    kind = KIND
    typing_every_s = TYPING_EVERY_S

    def __init__(self, context: ChannelContext, settings: TelegramSettings) -> None:
        token = settings.token.get_secret_value()
        self.account = context.account
        self.tenant = context.tenant
        self.capabilities = replace(
            WIDEST, debounce_ms=settings.debounce_ms, streams=settings.streaming, groups=settings.groups
        )
        self.is_receiving = settings.mode == "polling"
        self._context = context
        self._settings = settings
        self._secrets = tuple(secret.get_secret_value().encode() for secret in settings.webhook_secrets)
        presses = Presses(token)
        self._moves = Moves(context.memory)
        self._reader = Reader(
            tenant=context.tenant,
            account=context.account,
            wording=Wording(bot_id=int(token.partition(":")[0]), bot_username=settings.bot_username),
            presses=presses,
            groups=settings.groups,
            answers_presses=not self.is_receiving,
            moved=self._moves.note,
        )
        self._api = BotApi(token, settings.api_url)
        self._downloads = Downloads([settings.api_url])
        self._sending = Sending(
            self._api,
            presses=presses,
            files=context.files,
            moves=self._moves,
            as_keyboard=settings.choices == "reply",
        )
        self._previews = Previews(self._api, self._sending, clock=context.clock)

    def verify(self, request: RawRequest) -> None:
        """Prove by the secret token that Telegram was told with our address; bodies are not signed."""
        self._prove(request.headers)

    def _prove(self, headers: Mapping[str, str]) -> None:
        given = headers.get(SECRET_HEADER)
        if given is None:
            raise SignatureInvalid(f"The header {SECRET_HEADER} is required.", cause="missing")
        have = given.encode("utf-8", "surrogateescape")
        # Each secret is compared, so that the time does not tell which one it is.
        if not sum([hmac.compare_digest(want, have) for want in self._secrets]):
            raise SignatureInvalid("The secret token does not match.", cause="secret")

    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        """One update; kinds that ask for nothing are ignored."""
        return self._reader.read(decode(request.body, Update), request.received_at, request.body)

    async def placed(self, item: Parsed) -> Parsed:
        """What is said in a supergroup goes on in the conversation of the group that it was."""
        return await self._moves.placed(item)

    async def send(self, outbound: Outbound) -> Sent:
        """Deliver one message in as many parts as it needs."""
        try:
            return await self._sending.deliver(outbound)
        finally:
            self._previews.forget(outbound.head.conv)

    async def preview(self, head: Head, turn_id: str, text: str, *, ref: str | None) -> str | None:
        """Show a growing reply, as a draft or by edits."""
        if not self.capabilities.streams:
            raise Unsupported("Streaming is switched off for this account.")
        return await self._previews.show(head, turn_id, text, ref=ref)

    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        """Leave what was shown as it is."""
        await self._previews.end(head, turn_id, shown)

    async def typing(self, head: Head) -> None:
        """Show that an answer is coming, and keep its draft from fading."""
        place = place_of(head)
        await self._api.ask(
            lambda bot: bot.send_chat_action(chat_id=place.chat, action="typing", message_thread_id=place.topic)
        )
        await self._previews.refresh(head)

    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        """Ask where the file is, and fetch it; the address holds the token and goes no further."""
        try:
            origin = msgspec.json.decode(attachment.origin or "", type=Origin)
        except msgspec.MsgspecError:
            raise MessageRejected("The file is not one of Telegram's.") from None
        stored, _ = await self._api.read("getFile", Stored, {"file_id": origin.file_id})
        if not _FILE_PATH.fullmatch(stored.file_path) or ".." in stored.file_path.split("/"):
            raise MessageRejected("Telegram does not say where the file is.")
        fetched = await self._downloads.fetch(f"{self._api.files_url}/{stored.file_path}", limit_bytes=limit_bytes)
        # The file server calls everything a stream of octets.
        return Fetched(body=fetched.body, media_type=attachment.media_type, name=attachment.name)

    async def receive(self, accept: Accept) -> None:
        """Poll until cancelled."""
        if self._settings.register_webhook:
            await take_webhook_away(self._api)
        hold_s = self._settings.poll_timeout_s
        token = self._settings.token.get_secret_value()
        api = BotApi(token, self._settings.api_url, limit_s=hold_s + 15.0)
        poller = Poller(api, self._reader, account=self.account, hold_s=hold_s, clock=self._context.clock)
        try:
            await poller.run(accept)
        finally:
            await api.close()

    async def register(self) -> None:
        """Tell Telegram where we are, if the account says so; raises ``DeliveryError``.  For when serve listens."""
        if not self._settings.register_webhook or self.is_receiving:
            return
        if self._context.webhook_url is None:
            raise ProviderUnavailable("There is no public address: set server.public.base_url, or mode: polling.")
        secret = self._settings.webhook_secrets[0].get_secret_value()
        await register_webhook(self._api, url=self._context.webhook_url, secret=secret)

    def is_private(self, thread: Mapping[str, Any]) -> bool:
        """Whether the bot and the contact are alone there."""
        chat = thread.get("chat")
        return isinstance(chat, int) and chat > 0

    def link_to(self, token: str) -> str | None:
        """The deep link that brings a link token along; Telegram carries at most 64 of ``[A-Za-z0-9_-]``."""
        return f"https://t.me/{self._settings.bot_username}?start={token}" if _LINK_TOKEN.fullmatch(token) else None

    async def examine(self) -> tuple[Finding, ...]:
        """What the live vendor says about this account."""
        doctor = Doctor(
            self._api,
            bot_username=self._settings.bot_username,
            webhook_url=self._context.webhook_url,
            is_polling=self.is_receiving,
            groups=self._settings.groups,
            proves=self._proves,
            secrets=tuple(secret.decode() for secret in self._secrets),
            clock=self._context.clock,
        )
        return await doctor.examine()

    def _proves(self, secret: str | None) -> bool:
        try:
            self._prove({} if secret is None else {SECRET_HEADER: secret})
        except SignatureInvalid:
            return False
        return True

    async def close(self) -> None:
        """Give up connections."""
        await self._api.close()
        await self._downloads.close()


class PollingTelegramChannel(TelegramChannel):
    """An account that asks for its updates; a class of its own, so that webhooks pay nothing for what only polling needs."""

    async def acknowledge(self, item: Parsed) -> None:
        """Stop a button's spinner; a webhook's own answer would have done that already."""
        if isinstance(item, InboundEvent) and item.dedupe_key.startswith(PRESS_KEY):
            press = item.dedupe_key.removeprefix(PRESS_KEY)
            await self._api.ask(lambda bot: bot.answer_callback_query(callback_query_id=press))


def build(context: ChannelContext, settings: TelegramSettings) -> TelegramChannel:
    """The channel of one account."""
    return (PollingTelegramChannel if settings.mode == "polling" else TelegramChannel)(context, settings)
