"""Freshdesk's webhooks: the action of an automation rule, whose body an administrator writes with placeholders.

Nothing signs it, and placeholders are not escaped, so a customer's quotation mark breaks the JSON.  It is taken as a ping: the
first ticket number in it, whatever the rest looks like, and then the ticket is read through the API.
"""

from __future__ import annotations

import re
from typing import Final

from core.errors import PayloadMalformed
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseTouched, Heard
from handoff.kit.proof import check_token, header

TOKEN: Final = "X-Frontdesk-Token"  # noqa: S105  a header's name
MAX_LOOKED_AT: Final = 100_000
_TICKET: Final = re.compile(rb"ticket_?id[^0-9a-z{}]{1,12}([0-9]{1,18})(?![0-9a-z])", re.IGNORECASE)


def verify(request: RawRequest, tokens: tuple[str, ...]) -> None:
    """By the token that the rule sends along; ``SignatureInvalid``."""
    check_token(tokens, header(request, TOKEN))


def parse(request: RawRequest) -> tuple[Heard, ...]:
    """Which ticket was touched; JSON, a form and XML all pass."""
    found = _TICKET.search(request.body[:MAX_LOOKED_AT])
    if found is None:
        mend = 'let the rule\'s webhook begin with {"ticket_id":"{{ticket.id}}"'
        raise PayloadMalformed(f"No ticket number in Freshdesk's webhook: {mend}")
    return (CaseTouched(ref=str(int(found[1]))),)
