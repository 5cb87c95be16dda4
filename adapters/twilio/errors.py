"""What Twilio's refusals mean: the one place where its codes become our errors.

Codes from Twilio's error dictionary and its WhatsApp mapping page, checked 2026-11-21; an unknown code counts as permanent.
"""

from __future__ import annotations

from typing import Final

from core.errors import (
    ContactGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
    WindowClosed,
)
from core.vendors.http import Answer


class MediaRefused(MessageRejected):
    """The file cannot be sent this way; its link can."""


class ContentRefused(MessageRejected):
    """The buttons cannot be sent; the same as numbered text can."""


class ContentGone(ContentRefused):
    """The content template was deleted at Twilio; made again, it can be sent."""


WINDOW_CODE: Final = 63016
DAY_LIMIT_RETRY_S: Final = 3_600.0

CODES: Final[dict[int, tuple[type[DeliveryError], str]]] = {
    14107: (Throttled, "too many messages at once"),
    12300: (MediaRefused, "the file type is not taken"),
    20003: (CredentialsInvalid, "the credentials are refused"),
    20005: (CredentialsInvalid, "the account is suspended"),
    20404: (CredentialsInvalid, "the account or sender is unknown"),
    20429: (Throttled, "too many calls at once"),
    21211: (ContactGone, "the number is not valid"),
    21265: (ContactGone, "the number is a short code"),
    21408: (MessageRejected, "messages to this country are not enabled"),
    21606: (CredentialsInvalid, "the sender is not ours or cannot send messages"),
    21610: (ContactGone, "the contact has opted out with STOP"),
    21614: (ContactGone, "the number is no mobile number"),
    21617: (MessageRejected, "longer than 1600 characters"),
    21620: (MediaRefused, "the file's address is not valid"),
    21623: (MediaRefused, "the file is too large or cannot be fetched"),
    21655: (ContentGone, "the content is unknown"),
    21656: (ContentRefused, "the content's variables are not valid"),
    21660: (CredentialsInvalid, "the sender belongs to another account"),
    30001: (Throttled, "the queue is full"),
    30002: (CredentialsInvalid, "the account is suspended"),
    30003: (ContactGone, "the phone is unreachable"),
    30004: (ContactGone, "the contact's phone blocks messages"),
    30005: (ContactGone, "the number is unknown"),
    30006: (ContactGone, "the number is a landline"),
    30007: (MessageRejected, "the carrier's filter refused it"),
    30008: (MessageRejected, "unknown carrier error"),
    30034: (MessageRejected, "the number is not registered for A2P 10DLC"),
    63001: (CredentialsInvalid, "WhatsApp refuses the sender's credentials"),
    63003: (ContactGone, "the number is not on WhatsApp"),
    63005: (MessageRejected, "WhatsApp does not take this content"),
    63007: (CredentialsInvalid, "the WhatsApp sender is unknown"),
    63012: (ProviderUnavailable, "WhatsApp is not available"),
    63013: (MessageRejected, "against WhatsApp's policy"),
    63015: (ContactGone, "the contact has not joined the sandbox"),
    WINDOW_CODE: (WindowClosed, "the 24 hours since the contact wrote are over"),
    63018: (Throttled, "WhatsApp's rate limit"),
    63019: (MediaRefused, "the file cannot be fetched"),
    63020: (MessageRejected, "the WhatsApp business account is restricted"),
    63021: (ContentRefused, "the content is not valid"),
    63024: (ContactGone, "the contact cannot be reached on WhatsApp"),
    63025: (MessageRejected, "the file was sent already"),
    63027: (MessageRejected, "the template does not exist"),
    63028: (MessageRejected, "the template's parameters do not match"),
    63029: (MessageRejected, "the template cannot be sent"),
    63030: (MessageRejected, "the template's parameters are not supported"),
    63032: (ContactGone, "WhatsApp limits messages to this contact"),
    63038: (Throttled, "the account's daily limit"),
    63040: (MessageRejected, "the template was rejected"),
    63041: (MessageRejected, "the template is paused"),
    63042: (MessageRejected, "the template is disabled"),
    63049: (MessageRejected, "WhatsApp chose not to deliver it"),
    63051: (MessageRejected, "WhatsApp restricts the sender"),
}
STATUSES: Final[dict[int, type[DeliveryError]]] = {
    401: CredentialsInvalid,
    403: CredentialsInvalid,
    408: OutcomeUnknown,
    429: Throttled,
    504: OutcomeUnknown,
}


def error_of(answer: Answer) -> DeliveryError:
    """What an answer that is no success means."""
    code = code_of(answer)
    kind, words = CODES.get(code, (None, "refused"))
    if kind is None:
        kind = STATUSES.get(answer.status) or (ProviderUnavailable if answer.status >= 500 else MessageRejected)
        words = f"answer {answer.status}"
    wait = answer.retry_after_s
    if code == 63038:
        wait = wait or DAY_LIMIT_RETRY_S
    return kind(f"Twilio: {words} ({code or answer.status}).", retry_after_s=wait if kind is Throttled else None)


def code_of(answer: Answer) -> int:
    """Twilio's own code in an error body; 0 when there is none."""
    body = answer.json()
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else 0


def receipt_error(code: str) -> str:
    """The code of our error for a message that Twilio accepted and then did not deliver; the delivery ladder reads it."""
    number = int(code) if code.isascii() and code.isdigit() and len(code) <= 6 else 0
    return CODES.get(number, (MessageRejected, ""))[0].code
