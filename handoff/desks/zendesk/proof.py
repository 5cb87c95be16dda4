"""Whether a webhook comes from Zendesk, and which case it is about; pure.

What an event says is never believed: it tells that a case must be read again.
"""

from __future__ import annotations

from typing import Final

from core.errors import PayloadInvalid
from core.inbound import Ignored
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseTouched, Heard
from core.vendors import zendesk
from core.wire import decode
from handoff.desks.zendesk.settings import ZendeskSettings
from handoff.desks.zendesk.wire import Pushed

TICKET_EVENT: Final = "zen:event-type:ticket."
KEY_PREFIX: Final = "fd:"
MAX_ID_DIGITS: Final = 19


def verify(settings: ZendeskSettings, request: RawRequest) -> None:
    """``SignatureInvalid`` unless it was signed with one of our secrets within five minutes."""
    zendesk.verify((secret.get_secret_value() for secret in settings.signing_secrets), request)


def parse(settings: ZendeskSettings, request: RawRequest, *, own_id: int | None) -> tuple[Heard, ...]:
    """The case to read again; ``own_id`` is our own user, whose doings need no reading."""
    if not request.body.strip():
        return (Ignored("empty"),)
    pushed = decode(request.body, Pushed)
    if pushed.type is None:
        return (CaseTouched(ref=_ref(str(pushed.ticket_id or ""), "/ticket_id")),)
    if not pushed.type.startswith(TICKET_EVENT):
        return (Ignored("not_a_ticket"),)
    if pushed.detail is None:
        raise PayloadInvalid("This field is required.", field="/detail")
    ref = _ref(pushed.detail.id or "", "/detail/id")
    key, tags = pushed.detail.external_id or "", pushed.detail.tags
    if not key.startswith(KEY_PREFIX) and (key or (tags is not None and settings.tag not in tags)):
        return (Ignored("not_our_ticket"),)
    if own_id is not None and pushed.detail.actor_id == str(own_id):
        return (Ignored("own_action"),)
    return (CaseTouched(ref=ref, key=key or None),)


def _ref(text: str, field: str) -> str:
    if not text.isascii() or not text.isdigit() or len(text) > MAX_ID_DIGITS:
        raise PayloadInvalid("This is not the id of a ticket.", field=field)
    return text
