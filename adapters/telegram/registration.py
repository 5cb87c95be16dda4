"""Which way Telegram sends this bot's updates, as Telegram has it written down."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from adapters.telegram.api import BotApi
from adapters.telegram.payloads import READ_UPDATES
from core.errors import ProviderUnavailable

CONNECTIONS: Final = 40
Count = Annotated[int, msgspec.Meta(ge=0)]


class WebhookInfo(msgspec.Struct, frozen=True):
    """What getWebhookInfo tells."""

    url: str = ""
    pending_update_count: Count = 0
    last_error_date: int | None = None
    last_error_message: str | None = None
    allowed_updates: tuple[str, ...] = ()


async def webhook_info(api: BotApi) -> WebhookInfo:
    """What is registered now; raises ``DeliveryError``."""
    info, _ = await api.read("getWebhookInfo", WebhookInfo)
    return info


async def register_webhook(api: BotApi, *, url: str, secret: str) -> None:
    """Send updates to ``url``, proven by ``secret``; what waits at Telegram is kept.

    Done on every start and not only for a new address: Telegram does not tell which secret it has.
    """
    if not url.startswith("https://") and not _is_loopback(url):
        raise ProviderUnavailable("Telegram calls https addresses only: set server.public.base_url, or mode: polling.")
    await api.ask(
        lambda bot: bot.set_webhook(
            url=url,
            secret_token=secret,
            allowed_updates=READ_UPDATES,
            max_connections=CONNECTIONS,
            drop_pending_updates=False,
        )
    )


async def take_webhook_away(api: BotApi) -> None:
    """Make polling possible; what waits at Telegram is kept."""
    if (await webhook_info(api)).url:
        await api.ask(lambda bot: bot.delete_webhook(drop_pending_updates=False))


def _is_loopback(url: str) -> bool:
    return url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
