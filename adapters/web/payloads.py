"""The body of a signed event (PROTOCOL.md, ``POST /webhooks/{account}``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
Sequence = Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class Kind(msgspec.Struct, frozen=True):
    """Only what an event is; the rest is read when we know the type."""

    type: str


class SignedContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is writing, as the company's own back end knows them."""

    id: Key
    name: Line | None = None
    email: Line | None = None
    customer_account: Line | None = None


class SignedMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message of a customer.

    ``thread`` names the conversation, ``id`` the message (dedupe), ``sent_at`` with ``sequence`` the order.
    """

    type: str
    thread: Key
    id: Key
    sent_at: Annotated[datetime, msgspec.Meta(tz=True)]
    text: str
    contact: SignedContact
    sequence: Sequence = 0
    locale: Annotated[str, msgspec.Meta(max_length=35)] | None = None
