"""Who is who at Zendesk: our own user, contacts as end users, agents and groups by name.

All of it can be asked for again, so it is kept in memory for a while and bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from core.domain import Contact
from core.errors import MessageRejected
from core.ports.helpdesk import DeskAgent
from handoff.desks.zendesk.client import Client, Wire, told
from handoff.desks.zendesk.wire import Group, Groups, User, UserAnswer, Users

FRESH_FOR: Final = timedelta(minutes=10)
MAX_KNOWN: Final = 5_000
MAX_NAME: Final = 120
NAMELESS: Final = "Customer"


class People:
    """The people of one account."""

    def __init__(self, client: Client, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._clock = clock
        self._users: OrderedDict[int, tuple[datetime, User]] = OrderedDict()
        self._contacts: OrderedDict[str, int] = OrderedDict()
        self._staff: tuple[datetime, list[User]] | None = None
        self._groups: tuple[datetime, list[Group]] | None = None
        self.own_id: int | None = None

    async def me(self) -> int:
        """The id of our own user."""
        if self.own_id is None:
            self.own_id = (await self._client.read(UserAnswer, "/users/me")).user.id
        return self.own_id

    def learn(self, users: Iterable[User]) -> None:
        """Keep people who came along with an answer."""
        for user in users:
            self._users[user.id] = (self._clock(), user)
            self._users.move_to_end(user.id)
        while len(self._users) > MAX_KNOWN:
            self._users.popitem(last=False)

    async def user(self, user_id: int) -> User | None:
        """A person; None when there is none of that id (-1 is Zendesk itself)."""
        known = self._users.get(user_id)
        if known is not None and self._clock() - known[0] < FRESH_FOR:
            return known[1]
        if user_id <= 0:
            return None
        answer = await self._client.call("GET", f"/users/{user_id}")
        if answer.status == 404:
            return None
        user = told(answer, UserAnswer).user
        self.learn((user,))
        return user

    async def agent(self, user_id: int | None) -> DeskAgent | None:
        """The person as an agent; None for nobody, our own user and people who do not work there."""
        if user_id is None or user_id == await self.me():
            return None
        user = await self.user(user_id)
        return as_agent(user) if user is not None and user.is_staff else None

    async def contact(self, contact: Contact, *, anew: bool = False) -> int:
        """The end user who stands for a contact, made when there is none; ``anew``: the known one was refused.

        A proven address finds the customer's own user, which is left as it is.  An unproven one is not told to Zendesk: it would
        put the contact in somebody else's place.  Everybody else gets a user of their own, known by ``external_id``.
        """
        known = None if anew else self._contacts.get(contact.id)
        if known is not None:
            return known
        name = " ".join((contact.name or "").split())[:MAX_NAME] or NAMELESS
        email = contact.email if contact.verified else None
        user = await self._by_email(email, name) if email else None
        if user is None:
            user = await self._made({"external_id": f"fd:{contact.id}", "name": name, "skip_verify_email": True})
        if user is None or user.is_staff:
            raise MessageRejected("Zendesk takes this contact for no end user.")
        self._contacts[contact.id] = user.id
        while len(self._contacts) > MAX_KNOWN:
            self._contacts.popitem(last=False)
        return user.id

    async def _by_email(self, email: str, name: str) -> User | None:
        """The end user of an address; None when it is an agent's, or none that Zendesk takes."""
        found = await self._client.read(Users, "/users/search", params={"query": f'email:"{email}"'})
        user = next((user for user in found.users if (user.email or "").casefold() == email.casefold()), None)
        if user is None:
            user = await self._made({"email": email, "name": name, "verified": True, "skip_verify_email": True})
        return None if user is None or user.is_staff else user

    async def _made(self, person: Wire) -> User | None:
        answer = await self._client.call("POST", "/users/create_or_update", json={"user": person})
        return None if answer.status == 422 else told(answer, UserAnswer).user

    async def staff_id(self, named: str) -> int | None:
        """An agent's id by id, address or name; None: nobody is called so, or several are."""
        if self._staff is None or self._clock() - self._staff[0] > FRESH_FOR:
            found: list[User] = []
            for role in ("agent", "admin"):
                async for page in self._client.pages(Users, "/users", params={"role": role}):
                    found += page.users
            self._staff = (self._clock(), found)
        wanted = named.strip().casefold()
        hits = [user.id for user in self._staff[1] if wanted in _names(user)]
        return hits[0] if len(hits) == 1 else None

    async def group_id(self, named: str) -> int | None:
        """A group's id by id or name; None: there is none, or several."""
        wanted = named.strip().casefold()
        hits = [group.id for group in await self._all_groups() if wanted in (str(group.id), group.name.casefold())]
        return hits[0] if len(hits) == 1 else None

    async def group_name(self, group_id: int | None) -> str | None:
        """A group's name."""
        return (
            next((group.name for group in await self._all_groups() if group.id == group_id), None) if group_id else None
        )

    async def _all_groups(self) -> list[Group]:
        if self._groups is None or self._clock() - self._groups[0] > FRESH_FOR:
            found: list[Group] = []
            async for page in self._client.pages(Groups, "/groups"):
                found += page.groups
            self._groups = (self._clock(), found)
        return self._groups[1]


def as_agent(user: User) -> DeskAgent:
    """A user by the name that customers may read: the alias hides an agent's own."""
    return DeskAgent(id=str(user.id), name=(user.alias or user.name).strip() or f"Agent {user.id}", email=user.email)


def _names(user: User) -> set[str]:
    return {
        str(user.id),
        user.name.casefold(),
        (user.alias or user.name).casefold(),
        (user.email or user.name).casefold(),
    }
