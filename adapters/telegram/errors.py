"""How Telegram refuses: its answers → our errors, in one place.

The status decides, unless the description says something more exact (texts of the Bot API server, checked 2026-11-21).  No
description is passed on: it may quote what a contact wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.errors import (
    ContactGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)

if TYPE_CHECKING:
    from telegram.error import TelegramError

MOST_WAIT_S: Final = 86_400.0


class ParseRefused(MessageRejected):
    """Telegram did not understand our markup: once more as plain text."""


class Unchanged(MessageRejected):
    """An edit that changes nothing: it stands already."""


class MessageMissing(MessageRejected):
    """The message to edit is gone."""


class PictureRefused(MessageRejected):
    """It is no picture that Telegram shows as one; it can still go as a file."""


class ReceivingElsewhere(ProviderUnavailable):
    """Somebody else receives this bot's updates: a webhook, or another process that polls."""


class GroupMoved(ProviderUnavailable):
    """The group became a supergroup and has another id now; nothing was delivered."""

    def __init__(self, safe_message: str, *, chat: int) -> None:
        super().__init__(safe_message)
        self.chat = chat


STATUS: Final[Mapping[int, type[DeliveryError]]] = {
    400: MessageRejected,
    401: CredentialsInvalid,
    403: ContactGone,
    404: CredentialsInvalid,
    409: ReceivingElsewhere,
    413: MessageRejected,
    429: Throttled,
    504: OutcomeUnknown,
}

DESCRIPTIONS: Final[Mapping[str, type[DeliveryError]]] = {
    "can't parse entities": ParseRefused,
    "message is not modified": Unchanged,
    "message to edit not found": MessageMissing,
    "message can't be edited": MessageMissing,
    "message_id_invalid": MessageMissing,
    "photo_invalid_dimensions": PictureRefused,
    "image_process_failed": PictureRefused,
    "photo_save_file_invalid": PictureRefused,
    "wrong type of the web page content": PictureRefused,
    "chat not found": ContactGone,
    "user not found": ContactGone,
    "peer_id_invalid": ContactGone,
    "user is deactivated": ContactGone,
    "not enough rights": ContactGone,
    "have no rights to send": ContactGone,
    "need administrator rights": ContactGone,
    "chat_write_forbidden": ContactGone,
}

OTHER_STATUS: Final[Mapping[str, int]] = {"gateway timeout": 504, "request entity too large": 413}
"""The SDK keeps the words of these statuses, not their number; all others are a server that is down."""


def refusal(
    status: int, description: str, *, retry_after_s: float | None = None, moved_to: int | None = None
) -> DeliveryError:
    """The error for an answer that is none of the 2xx."""
    if moved_to is not None:
        return GroupMoved("The Telegram group has become a supergroup.", chat=moved_to)
    folded = description.casefold()
    known = next((words for words in DESCRIPTIONS if status in (400, 403) and words in folded), None)
    kind = DESCRIPTIONS[known] if known else STATUS.get(status, ProviderUnavailable)
    if kind is Throttled:
        return Throttled("Telegram asks us to slow down.", retry_after_s=retry_after_s)
    return kind(f"Telegram answered {status}" + (f": {known}." if known else "."))


def of_sdk(error: TelegramError) -> DeliveryError:
    """The error for what python-telegram-bot raised."""
    from telegram import error as sdk  # noqa: PLC0415  slow to import

    match error:
        case sdk.RetryAfter():
            return refusal(429, "", retry_after_s=_seconds(error.retry_after))
        case sdk.ChatMigrated():
            return refusal(400, "", moved_to=error.new_chat_id)
        case sdk.Forbidden():
            return refusal(403, error.message)
        case sdk.InvalidToken():
            return refusal(401, error.message)
        case sdk.Conflict():
            return refusal(409, error.message)
        case sdk.BadRequest():
            return refusal(400, error.message)
    return _of_network(error)


def _of_network(error: TelegramError) -> DeliveryError:
    """The SDK has one class for every other status and for whatever went wrong on the way."""
    import httpx  # noqa: PLC0415  comes with the SDK
    from telegram import error as sdk  # noqa: PLC0415  slow to import

    cause = error.__cause__
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return ProviderUnavailable("Telegram cannot be reached.")
    has_answer = isinstance(error, sdk.NetworkError) and (cause is None or isinstance(cause, sdk.TelegramError))
    if not has_answer or isinstance(error, sdk.TimedOut):
        return OutcomeUnknown("Telegram's answer was lost.")
    said = error.message.casefold()
    return refusal(next((status for words, status in OTHER_STATUS.items() if words in said), 502), "")


def _seconds(given: int | timedelta) -> float:
    """The SDK gives a number, or a timedelta when PTB_TIMEDELTA is set."""
    return min(given.total_seconds() if isinstance(given, timedelta) else float(given), MOST_WAIT_S)
