"""What Freshdesk's refusals mean: the one place where its statuses become our errors (API v2 documentation, November 2026)."""

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
GONE = frozenset((404, 405, 410))
"""Deleted and archived tickets: which of these they answer with depends on the call (unverified)."""


def error_of(answer: Answer, *, is_write: bool, on_ticket: bool) -> DeliveryError:
    """What an answer that is no success means; ``on_ticket``: the address named a ticket."""
    status = answer.status
    if status == 401:
        return CredentialsInvalid("Freshdesk refuses the api_key.")
    if status == 403:
        return CredentialsInvalid("Freshdesk does not let the api_key's agent do this: make them an administrator.")
    if status == 429:
        return Throttled("Freshdesk's calls per minute are used up.", retry_after_s=answer.retry_after_s)
    if on_ticket and status in GONE:
        return CaseGone("Freshdesk has no such ticket any more.")
    if status >= 500:
        kind = OutcomeUnknown if is_write and status in MAYBE_DONE else ProviderUnavailable
        return kind(f"Freshdesk answered {status}.", retry_after_s=answer.retry_after_s)
    if 300 <= status < 400:
        return MessageRejected(f"Freshdesk's address leads elsewhere ({status}): check api_url.")
    fields = fields_of(answer)
    return MessageRejected(f"Freshdesk refused it ({status}{': ' if fields else ''}{fields}).")


def fields_of(answer: Answer) -> str:
    """Which fields Freshdesk complains about, and its codes; never their values."""
    body = answer.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    found = [
        f"{error.get('field')} {error.get('code')}"
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict) and error.get("field")
    ]
    return ", ".join(found)[:200]
