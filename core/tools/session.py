"""Who is asking: the facts about the contact that tool calls are judged by.  Made by the turn, never by a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.domain import Contact
from core.ports.tools import Verification

LEVELS = (Verification.ANONYMOUS, Verification.IDENTIFIED, Verification.VERIFIED)
"""From the weakest to the strongest."""

VOUCHING = frozenset({"slack", "teams", "telegram", "whatsapp"})
"""Channels whose vendor proves which of its accounts writes.  An SMS sender can be forged and a page can claim anything."""


def reaches(level: Verification, needed: Verification) -> bool:
    """Whether ``level`` is at least ``needed``."""
    return LEVELS.index(level) >= LEVELS.index(needed)


def level_of(contact: Contact) -> Verification:
    """How well a contact is known: by the company's token, by the channel's vendor, or not at all."""
    if contact.verified:
        return Verification.VERIFIED
    vendor, mark, name = contact.id.partition(":")
    return Verification.IDENTIFIED if vendor in VOUCHING and mark and name else Verification.ANONYMOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One turn's authority.

    ``scopes`` is what the operator grants each level; a level has those of the weaker ones too.  ``untrusted`` tells that the
    model has read text nobody vouches for (a tool result, a document from outside): then only reading runs unconfirmed.
    ``has_buttons`` is the channel's, ``language`` the conversation's.
    """

    tenant: str
    conv: str
    turn_id: str
    account: str
    contact: Contact
    scopes: Mapping[Verification, tuple[str, ...]]
    untrusted: bool
    has_buttons: bool
    language: str

    @property
    def level(self) -> Verification:
        """How well the contact is known now."""
        return level_of(self.contact)

    @property
    def identity(self) -> str:
        """In whose name limits are counted: the proven customer account, which linked identities share, else the contact."""
        contact = self.contact
        if contact.verified and contact.customer_account:
            return f"account:{contact.customer_account}"
        return f"contact:{contact.id}"

    def granted(self, level: Verification | None = None) -> frozenset[str]:
        """The scopes of a level (the contact's own by default) and of those below it."""
        top = level or self.level
        return frozenset(
            scope for known, scopes in self.scopes.items() if reaches(top, Verification(known)) for scope in scopes
        )
