"""What a verified request of a vendor may mean beside an event: receipts, verdicts, lost accounts, link tokens.

Plain frozen values, as in core/domain.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.domain import DeliveryState, InboundEvent


@dataclass(frozen=True, slots=True)
class Ignored:
    """The payload asks for nothing; ``reason`` is a short constant that metrics count."""

    reason: str


@dataclass(frozen=True, slots=True)
class Respond:
    """The vendor wants this body in the HTTP answer."""

    body: bytes
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a vendor reports about a message we sent: ``state`` is sent, delivered, read or rejected (then ``error`` says why).

    Reports come late, twice and out of order; the store only moves forward (``gateway/happenings.py``).
    """

    conv: str
    vendor_ref: str
    state: DeliveryState
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Where to look for a conversation that the vendor does not name: its thread has the values ``within``.

    It is probably one of the contact ``by``; ``among_others``: it may as well be another's, so the newest are looked through.
    ``sent_at`` is when our message was taken, None when the vendor does not tell.
    """

    by: str
    within: Mapping[str, Any]
    among_others: bool = False
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A contact's verdict on one of our messages: a thumb, an emoji, a feedback button; ``rating`` 1 (bad) to 5 (good).

    ``key`` is unique per conversation and makes it once.  ``conv`` is "" when only the message is known: then ``sought``
    tells where it may be, and ``vendor_ref`` is unique there.
    """

    conv: str
    vendor_ref: str
    key: str
    rating: int
    text: str = ""
    sought: Sought | None = None


@dataclass(frozen=True, slots=True)
class AccountLost:
    """The vendor says that this account is no longer ours to use: uninstalled, token revoked.  ``reason`` is a short constant."""

    reason: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Verified, but meant for another installation of the same app; the webhook stage finds it by this vendor's name of it."""

    installation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProof:
    """A contact presents a link token (a deep link): ``event`` is the message that carried it, ``token`` what it carried.

    The token is a claim until ``gateway/identity.py`` has verified it.
    """

    event: InboundEvent
    token: str


Parsed = InboundEvent | Ignored | Respond | Receipt | Reaction | AccountLost | Elsewhere | LinkProof
"""What a verified request may mean; one request may mean several things."""
