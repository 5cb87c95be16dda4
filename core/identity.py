"""One contact behind several channel identities: link tokens, the codes that confirm them, and the record of who is linked.

Pure: nothing here reads a clock or touches a store.  The rules and the attacks they answer are in docs/identity.md; the short
form: a token says which two chats, a code carried *back* by the contact says that both are theirs, and a link grants nothing
but being shown together at the desk and being tried when a message cannot be delivered.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core import ids
from core.domain import Contact, EventKind, Head, InboundEvent

TOKEN_LIFETIME: Final = timedelta(minutes=15)
CODE_LIFETIME: Final = timedelta(minutes=10)
MAX_TRIES: Final = 5
"""Wrong codes before an ask is closed: one in 200 000 guesses all of them right."""

TOKEN_PREFIX: Final = "fdl_"  # noqa: S105  a prefix, not a secret
TOKEN_BYTES: Final = 16
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])fdl_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_CODE: Final = re.compile(r"\d{3}[ -]?\d{3}")
LONGEST_WORDS: Final = 240
"""A text that carries a token is short: what an app filled in, perhaps with a greeting around it."""

STOP_WORDS: Final = frozenset({"stop link", "unlink", "/stoplink", "/unlink"})


class Proof(StrEnum):
    """By what two identities are known to be one contact."""

    TOKEN = "token"  # noqa: S105  a word
    CUSTOMER = "customer"
    EMAIL = "email"
    PHONE = "phone"


class LinkKind(StrEnum):
    """What a record says about its identity."""

    ASKED = "asked"
    TRIED = "tried"
    LINKED = "linked"
    UNLINKED = "unlinked"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """One entry of an identity's record, numbered from 1; inserted once, never changed.

    ``person`` groups identities (LINKED; what is left by UNLINKED).  ``conv`` is the identity's own private conversation, None
    when it is not known to be private.  ``other`` is the identity on the other side with ``other_conv``.  ``ask`` names the
    token that began it; ``until`` is when an ASKED one closes.  ``by`` is "contact", "verified" or an agent's name.
    """

    identity: str
    n: int
    kind: LinkKind
    at: datetime
    by: str
    person: str | None = None
    conv: str | None = None
    other: str | None = None
    other_conv: str | None = None
    proof: Proof | None = None
    ask: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something a vendor or the company has verified about a contact; it links only within its ``realm``."""

    proof: Proof
    realm: str
    value: str

    def person(self, tenant: str) -> str:
        """The person of everybody of whom this fact is verified; the same without asking anybody."""
        return "p_" + ids.digest(tenant, self.proof, self.realm, self.value)


def identity_of(account: str, contact: Contact) -> str:
    """A contact's name on one account; the same vendor id on two accounts is two identities until proven one."""
    return f"{account}|{contact.id}"


def head_identity(head: Head) -> str:
    """The identity that writes in a conversation."""
    return identity_of(head.account, head.contact)


def account_of(identity: str) -> str:
    """The account of an identity."""
    return identity.partition("|")[0]


def facts_of(kind: str, contact: Contact) -> tuple[Fact, ...]:
    """What a channel's own vendor has verified about its contact.

    WhatsApp proves the phone number.  A Slack workspace and a Teams directory vouch for e-mail addresses, but their admins can
    write any address into them: such an address links only identities of the same workspace or directory.
    """
    name, _, rest = contact.id.partition(":")
    if kind == "whatsapp" and name in ("whatsapp", "phone") and re.fullmatch(r"\+[1-9]\d{6,14}", rest):
        return (Fact(proof=Proof.PHONE, realm="e164", value=rest),)
    directory, _, member = rest.partition(":")
    if kind in ("slack", "teams") and contact.verified and contact.email and directory and member:
        return (Fact(proof=Proof.EMAIL, realm=f"{kind}:{directory}", value=contact.email.strip().casefold()),)
    return ()


def customer_fact(realm: str, sub: str) -> Fact:
    """A customer whom the company's own signed token names; ``realm`` is the audience of the token."""
    return Fact(proof=Proof.CUSTOMER, realm=realm, value=sub)


class LinkKey:
    """Signs tokens and derives codes; one key of the process, made for nothing else."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, ask: str, *, tenant: str, identity: str, until: datetime) -> str:
        """The token of an ask, at most 64 characters of A-Z a-z 0-9 _ - (a Telegram deep link carries no more)."""
        return TOKEN_PREFIX + ask + _b64(self._mac("token", tenant, ask, identity, until.isoformat())[:16])[:21]

    def is_genuine(self, token: str, *, tenant: str, identity: str, until: datetime) -> bool:
        """Whether we made a token for this identity of this tenant; in constant time."""
        expected = self.token(ask_of(token), tenant=tenant, identity=identity, until=until)
        return hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace"))

    def code(self, ask: str, *, tenant: str, other: str) -> str:
        """The six digits that the second chat shows; derived, so that a redelivery shows the same and nothing is stored."""
        number = int.from_bytes(self._mac("code", tenant, ask, other)[:8], "big")
        return f"{number % 1_000_000:06d}"

    def is_code(self, given: str, ask: str, *, tenant: str, other: str) -> bool:
        """Whether this is the ask's code; in constant time."""
        return hmac.compare_digest(
            self.code(ask, tenant=tenant, other=other).encode(), given.encode("utf-8", "replace")
        )

    def _mac(self, *parts: str) -> bytes:
        return hmac.digest(self._key, ids.digest(*parts).encode(), hashlib.sha256)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def new_ask(random: bytes) -> str:
    """The name of a fresh ask, from 16 random bytes."""
    return _b64(random[:TOKEN_BYTES])


def ask_of(token: str) -> str:
    """The ask that a token names; a claim until the token is proven genuine."""
    return token[len(TOKEN_PREFIX) : len(TOKEN_PREFIX) + 22]


def token_in(text: str) -> str | None:
    """The link token that a short text carries, alone or among a few words."""
    if TOKEN_PREFIX not in text or len(text) > LONGEST_WORDS:
        return None
    found = _TOKEN.search(text)
    return found.group() if found else None


def code_in(text: str) -> str | None:
    """The code, when a text is nothing but one."""
    words = text.strip() if len(text) <= 12 else ""
    return re.sub(r"\D", "", words) if _CODE.fullmatch(words) else None


def is_stop(text: str) -> bool:
    """Whether a contact asks to be unlinked."""
    return len(text) <= 16 and " ".join(text.casefold().split()) in STOP_WORDS


def is_about_links(event: InboundEvent) -> bool:
    """A quick look, for every message: may it be a token, a code or a wish to be unlinked?"""
    text = event.text
    if event.kind is not EventKind.MESSAGE or event.follows:
        return False
    return len(text) <= LONGEST_WORDS and (TOKEN_PREFIX in text or code_in(text) is not None or is_stop(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an identity's record comes to: the newest entry stands."""

    person: str | None = None
    conv: str | None = None
    proof: Proof | None = None
    since: datetime | None = None
    asks: tuple[LinkRecord, ...] = ()
    """Asks that wait for their code, oldest first."""

    left: frozenset[str] = frozenset()
    """Persons this identity was unlinked from: no fact links it with them again by itself."""


def standing(records: Sequence[LinkRecord], *, now: datetime) -> Standing:
    """The newest link or its end, and the asks still open: not answered, not too old, not guessed at too often."""
    link: LinkRecord | None = None
    asks: dict[str, LinkRecord] = {}
    tries: dict[str, int] = {}
    left: set[str] = set()
    for record in records:
        ask = record.ask or ""
        match record.kind:
            case LinkKind.ASKED:
                asks[ask] = record
            case LinkKind.TRIED:
                tries = {name: tries.get(name, 0) + 1 for name in asks}
            case LinkKind.LINKED:
                link = record
                asks.pop(ask, None)
            case LinkKind.UNLINKED:
                left |= {record.person} if record.person else set()
                link = None
                asks.clear()
    is_open = [
        a for name, a in asks.items() if tries.get(name, 0) < MAX_TRIES and a.until is not None and now < a.until
    ]
    if link is None:
        return Standing(asks=tuple(is_open), left=frozenset(left))
    return Standing(
        person=link.person, conv=link.conv, proof=link.proof, since=link.at, asks=tuple(is_open), left=frozenset(left)
    )


def next_number(records: Iterable[LinkRecord]) -> int:
    """The number of the entry after these."""
    return max((record.n for record in records), default=0) + 1
