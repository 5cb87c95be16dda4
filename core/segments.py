"""Groups of contacts, and lots drawn for them: who takes part in a rollout or an experiment.  Pure.

A lot is a hash, so it needs no memory: the same names give the same number on every machine and in every process, and lots
drawn for different names know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import Contact
from core.ids import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Of whom is asked; ``language`` is the conversation's, None while nobody knows it."""

    conv: str
    contact: Contact
    account: str
    channel: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A group of contacts; all that is given must hold, and one without conditions holds everybody.

    ``customer_accounts`` count for verified contacts only: what a page merely says carries no authority.
    """

    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    verified: bool | None = None
    customer_accounts: tuple[str, ...] = ()


def misfit(segment: Segment, who: Who) -> str | None:
    """The first condition that does not hold, a short constant; None: they belong to the segment."""
    if segment.languages and who.language not in segment.languages:
        return "language"
    if segment.channels and who.channel not in segment.channels:
        return "channel"
    if segment.verified is not None and who.contact.verified is not segment.verified:
        return "verified"
    if segment.customer_accounts and not _is_listed(who.contact, segment.customer_accounts):
        return "customer_account"
    return None


def _is_listed(contact: Contact, accounts: tuple[str, ...]) -> bool:
    return contact.verified and contact.customer_account in accounts


def lot(*names: str) -> float:
    """A number above 0 and below 1, uniform over the names."""
    return (int(digest("lot", *names)[:13], 16) + 0.5) / (1 << 52)
