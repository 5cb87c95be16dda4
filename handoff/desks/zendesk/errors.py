"""What a refusal of Zendesk means: status and error code → our error, here and nowhere else (checked November 2026)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

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

STATUSES: Final[Mapping[int, type[DeliveryError]]] = {
    401: CredentialsInvalid,
    403: CredentialsInvalid,
    408: OutcomeUnknown,
    409: ProviderUnavailable,
    423: ProviderUnavailable,
    429: Throttled,
    500: OutcomeUnknown,
    502: OutcomeUnknown,
    503: ProviderUnavailable,
    504: OutcomeUnknown,
}
"""409: somebody else changed the ticket meanwhile; 423: a user is being merged; 503: refused before anything was done."""

MAX_WAIT_S: Final = 60.0
"""How long to wait when Zendesk asks to come back and does not say when: its budgets are per minute."""

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_ ]{0,59}")
_CLOSED: Final = re.compile(r"closed prevents ticket update|\bis closed\b", re.IGNORECASE)
_FULL: Final = re.compile(r"comment.{0,60}\blimit\b|\blimit\b.{0,60}comment", re.IGNORECASE | re.DOTALL)


def error_of(answer: Answer, *, on_ticket: bool = False) -> DeliveryError:
    """The error of an answer that is none of 2xx; ``on_ticket``: a ticket was named, so 403 and 404 are about it.

    Only the vendor's error code is quoted, never its words: they repeat what was sent.
    """
    body = answer.json()
    code = _code_of(body)
    if answer.status == 422 and on_ticket and takes_no_more(body):
        return CaseClosed("The ticket is closed or full.")
    if answer.status in (404, 410) and on_ticket:
        return CaseGone("The ticket was deleted.")
    if answer.status == 403 and on_ticket:
        return CaseGone("The ticket is closed to our user.")
    if answer.status == 400 and code == "IdempotentRequestError":
        return OutcomeUnknown("Zendesk had this request before with other words.")
    kind = STATUSES.get(answer.status, OutcomeUnknown if answer.status >= 500 else MessageRejected)
    said = f"Zendesk answered {answer.status} {code}".rstrip() + "."
    if kind is CredentialsInvalid and answer.status == 403:
        said = f"Zendesk forbids it (403 {code}".rstrip() + "): the role or the scope of our user does not reach."
    if kind is Throttled:
        return Throttled(said, retry_after_s=answer.retry_after_s if answer.retry_after_s is not None else MAX_WAIT_S)
    return kind(said, retry_after_s=answer.retry_after_s)


def takes_no_more(body: Any) -> bool:
    """Whether a 422 says that the ticket is closed, or has its 5 000 comments: either way a follow-up goes on."""
    return any(_CLOSED.search(text) or _FULL.search(text) for text in _texts(body))


def is_about_author(body: Any) -> bool:
    """Whether a 422 refuses the user that we named as author or requester: deleted or merged meanwhile."""
    details = body.get("details") if isinstance(body, dict) else None
    return isinstance(details, dict) and any(
        key in details for key in ("author", "author_id", "requester", "requester_id")
    )


def token_error(answer: Answer) -> DeliveryError:
    """Why no access token is given; nothing was said to anybody."""
    if answer.status == 429:
        return Throttled("Zendesk's token service asks to slow down.", retry_after_s=answer.retry_after_s or MAX_WAIT_S)
    if answer.status in (400, 401, 403):
        code = _code_of(answer.json())
        return CredentialsInvalid(f"Zendesk refuses the OAuth client ({answer.status} {code}".rstrip() + ").")
    return ProviderUnavailable(f"Zendesk's token service answered {answer.status}.", retry_after_s=answer.retry_after_s)


def _code_of(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        error = error.get("title")
    return error if isinstance(error, str) and _CODE.fullmatch(error) else ""


def _texts(value: Any, depth: int = 0) -> list[str]:
    """All words of an error body: Zendesk nests descriptions by field."""
    if isinstance(value, str):
        return [value]
    if depth > 5 or not isinstance(value, dict | list):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [text for item in inner for text in _texts(item, depth + 1)]
