"""What Zammad's refusals mean: the one place where its statuses become our errors (general knowledge, November 2026)."""

from __future__ import annotations

from core.errors import (
    CaseClosed,
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
FOLLOW_UP = "follow-up"
"""Stands in the refusal of words for a closed ticket whose group takes no follow-ups."""


def error_of(answer: Answer, *, is_write: bool, on_case: bool) -> DeliveryError:
    """What an answer that is no success means; ``on_case``: the address named a ticket."""
    status = answer.status
    if status == 401:
        return CredentialsInvalid("Zammad refuses the token.")
    if status == 403:
        return CredentialsInvalid("Zammad's user may not do this: check its groups and the token's permissions.")
    if status == 404:
        return CaseGone("Zammad has no such ticket.") if on_case else MessageRejected("Zammad has no such thing.")
    if status == 429:
        return Throttled("Zammad, or a proxy before it, asks to slow down.", retry_after_s=answer.retry_after_s)
    if status >= 500:
        kind = OutcomeUnknown if is_write and status in MAYBE_DONE else ProviderUnavailable
        return kind(f"Zammad answered {status}.", retry_after_s=answer.retry_after_s)
    if 300 <= status < 400:
        return CredentialsInvalid(f"Zammad's address leads elsewhere ({status}): check api_url.")
    if status == 422 and on_case and FOLLOW_UP in _said(answer):
        return CaseClosed("Zammad takes no follow-up in this ticket.")
    return MessageRejected(f"Zammad refused it ({status}).")


def _said(answer: Answer) -> str:
    found = answer.json()
    return str(found.get("error", "")) if isinstance(found, dict) else ""
