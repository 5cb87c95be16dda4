"""The people who answer: roles, tenants, and the password check.

Knows nothing of HTTP; sessions and throttling are the internal listener's business.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum


class PersonRole(StrEnum):
    """What a person may do: ``agent`` answers contacts, ``admin`` looks after the installation."""

    AGENT = "agent"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may log in; ``tenants`` None means all.  Contacts see ``name``."""

    id: str
    name: str
    password: str = field(repr=False)
    roles: frozenset[PersonRole]
    tenants: frozenset[str] | None = None

    def may(self, *roles: PersonRole) -> bool:
        """Whether the person has at least one of these roles."""
        return not self.roles.isdisjoint(roles)

    def sees(self, tenant: str) -> bool:
        """Whether the tenant is theirs."""
        return self.tenants is None or tenant in self.tenants

    def fingerprint(self, secret: bytes) -> str:
        """Changes with the password, so that a new password ends the sessions of the old one."""
        return hmac.new(secret, f"{self.id}\0{self.password}".encode(), hashlib.sha256).hexdigest()[:16]


class People:
    """Everybody who may log in, by id.

    A conversation records the *name* of its agent, since that is what contacts read; two people of one name are told apart
    by their id behind it.
    """

    def __init__(self, people: Iterable[Person]) -> None:
        everybody = tuple(people)
        names = Counter(person.name for person in everybody)
        self._people = {p.id: replace(p, name=f"{p.name} ({p.id})") if names[p.name] > 1 else p for p in everybody}
        self._salt = secrets.token_bytes(32)

    def __len__(self) -> int:
        return len(self._people)

    def get(self, person_id: str) -> Person | None:
        """Somebody by id."""
        return self._people.get(person_id)

    def check(self, person_id: str, password: str) -> Person | None:
        """The person, if this is their password; an unknown id takes as long as a wrong password."""
        person = self._people.get(person_id)
        expected = self._digest(person.password if person is not None else secrets.token_hex(16))
        is_right = hmac.compare_digest(expected, self._digest(password))
        return person if is_right and person is not None and person.password else None

    def _digest(self, password: str) -> bytes:
        return hmac.new(self._salt, password.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
