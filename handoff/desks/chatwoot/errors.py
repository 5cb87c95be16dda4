"""What Chatwoot's refusals mean: the one place where its statuses become our errors (API documentation, November 2026)."""

from __future__ import annotations

from core.errors import (
    CaseGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    Throttled,
)
from core.vendors.http import Answer

MAYBE_DONE = frozenset((500, 502, 504))
"""Rails and the proxy before it can fail after the database has taken a write."""


def error_of(answer: Answer, *, is_write: bool, on_case: bool) -> DeliveryError:
    """What an answer that is no success means; ``on_case``: the address named a conversation."""
    status = answer.status
    if status in (401, 403):
        return CredentialsInvalid(f"Chatwoot refuses the api_token for this ({status}).")
    if status == 404 and on_case:
        return CaseGone("Chatwoot has no such conversation any more.")
    if status == 404:
        return CredentialsInvalid("Chatwoot knows no such account or inbox: check account_id and inbox_id.")
    if status == 429:
        return Throttled("Chatwoot asks to slow down.", retry_after_s=answer.retry_after_s)
    if status >= 500:
        kind = OutcomeUnknown if is_write and status in MAYBE_DONE else ProviderUnavailable
        return kind(f"Chatwoot answered {status}.", retry_after_s=answer.retry_after_s)
    if 300 <= status < 400:
        return MessageRejected(f"Chatwoot's address leads elsewhere ({status}): check api_url.")
    return MessageRejected(f"Chatwoot refused it ({status}).")
