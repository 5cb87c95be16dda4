"""What RT's refusals mean: the one place where its statuses become our errors (RT 5.0.3)."""

from __future__ import annotations

from core.errors import (
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.vendors.http import Answer

MAYBE_DONE = frozenset((500, 502, 504))
"""RT answers 500 when it stumbles over its own answer after the ticket was written, and a proxy gives up waiting."""


def error_of(answer: Answer, *, is_write: bool) -> DeliveryError:
    """What an answer that is no success means."""
    status = answer.status
    if status == 401:
        return CredentialsInvalid("RT refuses the user's token or password.")
    if status == 403:
        return MessageRejected("RT's user may not do this.")
    if status == 429:
        return Throttled("RT, or a proxy before it, asks to slow down.", retry_after_s=answer.retry_after_s)
    if status >= 500:
        kind = OutcomeUnknown if is_write and status in MAYBE_DONE else ProviderUnavailable
        return kind(f"RT answered {status}.", retry_after_s=answer.retry_after_s)
    if 300 <= status < 400:
        return CredentialsInvalid(f"RT's address leads elsewhere ({status}): check api_url.")
    return MessageRejected(f"RT refused it ({status}).")
