"""What a refusal of the connector means: vendor status and code → our error, here and nowhere else (checked 2026-11-21)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from adapters.teams.payloads import Refusal, Refused, Token
from core.errors import (
    ContactGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.vendors.http import Answer

CODES: Final[Mapping[str, type[DeliveryError]]] = {
    "BotNotInConversationRoster": ContactGone,
    "BotDisabledByAdmin": ContactGone,
    "ConversationBlockedByUser": ContactGone,
    "MessageWritesBlocked": ContactGone,
    "ConversationNotFound": ContactGone,
    "ActivityNotFoundInConversation": MessageRejected,
    "ForbiddenOperationException": MessageRejected,
    "ContentStreamNotAllowed": MessageRejected,
    "MessageSizeTooBig": MessageRejected,
}

STATUSES: Final[Mapping[int, type[DeliveryError]]] = {
    400: MessageRejected,
    401: CredentialsInvalid,
    403: CredentialsInvalid,
    404: ContactGone,
    408: OutcomeUnknown,
    412: ProviderUnavailable,
    413: MessageRejected,
    429: Throttled,
    500: ProviderUnavailable,
    502: ProviderUnavailable,
    503: ProviderUnavailable,
    504: ProviderUnavailable,
}
"""The vendor asks to try again after 412, 502 and 504 as after 429: it has not taken the message then."""

TOKEN_ERRORS: Final = ("invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "access_denied")


class Fate(StrEnum):
    """Why a streamed message cannot go on."""

    STOPPED = "canceled by user"
    TIMED_OUT = "exceeded streaming time"
    COMPLETED = "already completed streamed message"
    CHANGED = "should contain the previously streamed content"
    TOO_LARGE = "message size too large"
    UNSUPPORTED = "streaming api is not enabled"


def refusal_of(answer: Answer) -> Refusal:
    """The vendor's code and words; empty when the body holds none."""
    try:
        return msgspec.json.decode(answer.body, type=Refused).error or Refusal()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Refusal()


def error_of(answer: Answer) -> DeliveryError:
    """The error of an answer that is none of 2xx; only the vendor's code is quoted."""
    code = refusal_of(answer).code or ""
    kind = CODES.get(code) if answer.status < 500 and answer.status != 429 else None
    if kind is None:
        kind = STATUSES.get(answer.status, ProviderUnavailable if answer.status >= 500 else MessageRejected)
    if kind is CredentialsInvalid and answer.status == 403 and code not in ("", "Forbidden", "Unauthorized"):
        kind = MessageRejected
    said = f"Teams answered {answer.status} {code[:60] if code.isascii() and code.isalnum() else ''}".rstrip() + "."
    return kind(said, retry_after_s=answer.retry_after_s) if kind is Throttled else kind(said)


def fate_of(answer: Answer) -> Fate | None:
    """How a stream ended, by the words in which the vendor tells it: there is one code for all of them."""
    if answer.status not in (202, 400, 403):
        return None
    said = (refusal_of(answer).message or "").lower()
    return next((fate for fate in Fate if fate in said), None)


def token_error(answer: Answer) -> DeliveryError:
    """Why the token service gives no token; nothing was said to anybody."""
    try:
        given = msgspec.json.decode(answer.body, type=Token)
    except (msgspec.DecodeError, UnicodeError):
        given = Token()
    if answer.status == 429:
        return Throttled("The token service asks to slow down.", retry_after_s=answer.retry_after_s)
    if given.error in TOKEN_ERRORS or answer.status in (400, 401, 403):
        return CredentialsInvalid(f"The token service refuses the app: {given.error[:40] or answer.status}.")
    return ProviderUnavailable(f"The token service answered {answer.status}.")
