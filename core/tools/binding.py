"""Identity arguments: taken from the session, never from the model.  Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Set
from typing import Any

from core.ports.tools import IdentityFact, ToolSpec, Verification
from core.tools.session import Session, reaches
from core.words import listed

IDENTITY_NAMES = listed(
    "account accountid accountno accountnumber client clientid clientnumber contact contactemail contactid contactphone "
    "customer customeraccount customeraccountid customeremail customerid customername customerno customernumber "
    "customerphone email emailaddress mail member memberid mobile mobilenumber msisdn onbehalfof phone phonenumber subject "
    "sub telephone tenant tenantid uid user useraccount useremail userid username userphone"
)
"""Argument names, without case and marks, that say in whose name a call is made."""

MAX_DROPPED = 20
_MARKS = re.compile(r"[\W_]+")
_PHONE = re.compile(r"(?:whatsapp|sms|phone):(\+[1-9]\d{6,14})")
_PROVEN_PHONE = ("whatsapp:", "phone:")


class Missing(LookupError):
    """A fact that the tool needs is not known well enough; ``fact`` names it."""

    def __init__(self, fact: IdentityFact) -> None:
        super().__init__(fact)
        self.fact = fact


def is_identity(name: str) -> bool:
    """Whether an argument's name, in any case and style, names an identity."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", name).casefold()) in IDENTITY_NAMES


def drop(arguments: Mapping[str, Any], spec: ToolSpec, declared: Set[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """``arguments`` without bound ones and without undeclared identities at any depth, and the names of what was dropped."""
    dropped: list[str] = []
    forbidden = {_plain_name(name) for name in spec.bound}

    def kept(value: Any, *, is_top: bool) -> Any:
        if isinstance(value, list):
            return [kept(item, is_top=False) for item in value]
        if not isinstance(value, dict):
            return value
        left = {}
        for name, item in value.items():
            is_bound = is_top and (name in spec.bound or (_plain_name(name) in forbidden and name not in declared))
            if is_bound or (name not in declared and is_identity(name)):
                dropped.append(name[:60])
            else:
                left[name] = kept(item, is_top=False)
        return left

    return kept(dict(arguments), is_top=True), tuple(dropped[:MAX_DROPPED])


def bind(spec: ToolSpec, session: Session) -> dict[str, str]:
    """The bound arguments of a call; ``Missing`` when a fact is unknown or not proven as well as the tool needs."""
    return {name: _fact(fact, spec.verification, session) for name, fact in spec.bound.items()}


def _fact(fact: IdentityFact, needed: Verification, session: Session) -> str:
    fact = IdentityFact(fact)
    found = _known(fact, needed, session)
    if not found:
        raise Missing(fact)
    return found


def _known(fact: IdentityFact, needed: Verification, session: Session) -> str | None:
    contact = session.contact
    match fact:
        case IdentityFact.CONTACT:
            return contact.id
        case IdentityFact.CONVERSATION:
            return session.conv
        case IdentityFact.TENANT:
            return session.tenant
        case IdentityFact.CUSTOMER_ACCOUNT:
            # It has authority from a verified token only, whatever the tool is content with.
            return contact.customer_account if contact.verified else None
        case IdentityFact.EMAIL:
            # No channel vouches for an address without a token; a page's claim is worth as much as anybody's word.
            return contact.email if contact.verified or needed is Verification.ANONYMOUS else None
        case IdentityFact.NAME:
            return contact.name if contact.verified or not reaches(needed, Verification.VERIFIED) else None
        case IdentityFact.PHONE:
            return _phone(contact.id, needed)


def _phone(contact_id: str, needed: Verification) -> str | None:
    """WhatsApp proves a number; the sender of an SMS can be forged."""
    found = _PHONE.fullmatch(contact_id)
    if found is None:
        return None
    is_proven = contact_id.startswith(_PROVEN_PHONE)
    return found.group(1) if is_proven or needed is Verification.ANONYMOUS else None


def _plain_name(name: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", name).casefold())
