"""What people do to a conversation, as control commits.

A control never waits for a running turn: it is committed on the newest head, and the turn finds itself overtaken (core/settle).
Every call takes the caller's idempotency ``key``: the same call twice happens once.  Nothing here decides who may call; the
edge does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core import ids
from core.domain import Attachment, Contact, EventKind, HandoffReason, Head, InboundEvent, Message, Owner
from core.errors import CaseTaken, PayloadInvalid
from core.hours import OpeningHours
from core.ids import NewId
from core.ledger import CommitDraft
from core.notices import Notices
from core.ownership import decide, reopened
from core.ports.store import Appended, TenantStore
from core.staffing import OPEN, Asked, Staff, Staffing
from handoff.assist import Snippet, filled
from handoff.commanding import is_command
from handoff.hours import DeskHours

LOWEST_RATING, HIGHEST_RATING = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A control that stands: the head after it, and the messages it said.

    ``is_duplicate`` tells that the same key had been used before; nothing happened again.
    """

    head: Head
    messages: tuple[Message, ...]
    is_duplicate: bool

    @property
    def handoff_id(self) -> str | None:
        """The open handoff, if there is one."""
        return self.head.handoff.id if self.head.handoff else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants done to a conversation; ``agent`` is None when it is the contact.

    ``from_desk``: an agent did it at an external desk; its ``key`` is then the desk's own id of what was done.
    """

    kind: EventKind
    key: str
    agent: str | None = None
    text: str = ""
    reason: str | None = None
    rating: int | None = None
    attachments: tuple[Attachment, ...] = ()
    takes_over: bool = False
    from_desk: bool = False

    @property
    def dedupe_key(self) -> str:
        """Unique per conversation; two people who happen to use one key do not meet, but a desk's ids are its own."""
        if self.from_desk:
            return f"{self.kind}:desk:{ids.digest(self.key)}"
        return f"{self.kind}:{ids.digest(self.agent or '', self.key)}"


class Commands(Protocol):
    """Understands commands that agents write into notes."""

    async def answer(self, head: Head, *, agent: str, text: str, key: str = "") -> str | None:
        """Carry it out, once however often it is said; what came of it, or None when the text is no command.

        ``key`` is the note's own: the same note again is no new wish.
        """


class HandoffService:
    """One tenant's bridge between contacts and people.

    Every method raises ``LookupError`` for a conversation the tenant does not have, and ``StoreUnavailable``.
    """

    def __init__(
        self,
        store: TenantStore,
        *,
        notices: Notices,
        hours: OpeningHours | None,
        clock: Callable[[], datetime],
        new_id: NewId = ids.new_id,
        snippets: Iterable[tuple[str, str]] = (),
        staff: Staff | None = None,
    ) -> None:
        self._store = store
        self._notices = notices
        self._hours = DeskHours(hours, clock)
        self._staff = staff or self._hours
        self._clock = clock
        self._new_id = new_id
        self._snippets = tuple(snippets)
        self.commands: Commands | None = None
        """What understands commands in notes; set by the composition root, which makes it later."""

    def is_staffed(self) -> bool:
        """Whether the desk is open now; a desk without hours always is."""
        return self._staff.is_open()

    def next_open(self) -> datetime | None:
        """When the desk opens next; None while it is open."""
        return self._hours.next_open()

    def snippets(self, head: Head, *, agent: str) -> tuple[Snippet, ...]:
        """The team's canned texts, filled in for a conversation."""
        return filled(self._snippets, head, agent=agent)

    async def request(self, conv: str, *, key: str, reason: str | None = None) -> Done:
        """The contact asks for a person; changes nothing when one is there or on the way."""
        return await self._control(conv, Wish(kind=EventKind.HANDOFF_REQUESTED, key=key, reason=reason))

    async def claim(self, conv: str, *, agent: str, key: str, takeover: bool = False) -> Done:
        """``agent`` takes the conversation; ``CaseTaken`` when somebody else has it and ``takeover`` is not set."""
        return await self._control(conv, Wish(kind=EventKind.AGENT_CLAIMED, key=key, agent=agent, takes_over=takeover))

    async def reply(
        self,
        conv: str,
        *,
        agent: str,
        text: str,
        key: str,
        attachments: tuple[Attachment, ...] = (),
        takeover: bool = False,
    ) -> Done:
        """``agent`` answers the contact, and owns the conversation from then on; ``CaseTaken`` as in ``claim``.

        A command ("/send 1") is no answer for a contact: ``PayloadInvalid``.
        """
        if not attachments:
            _require_text(text)
        if is_command(text):
            raise PayloadInvalid("This is a command. Write it as a note; nothing was sent.", field="text")
        return await self._control(
            conv,
            Wish(
                kind=EventKind.AGENT_REPLIED,
                key=key,
                agent=agent,
                text=text,
                attachments=attachments,
                takes_over=takeover,
            ),
        )

    async def note(self, conv: str, *, agent: str, text: str, key: str) -> Done:
        """``agent`` leaves an internal note; it changes no owner and has no outbox row.

        A command in it ("/approve 4821") is carried out first, and what came of it stands below it.
        """
        _require_text(text)
        if self.commands is not None:
            answer = await self.commands.answer(await self._head(conv), agent=agent, text=text, key=key)
            text = text if answer is None else f"{text.strip()}\n{answer}"
        return await self._control(
            conv, Wish(kind=EventKind.AGENT_NOTED, key=key, agent=agent, text=text, takes_over=True)
        )

    async def give_back(self, conv: str, *, agent: str, key: str, takeover: bool = False) -> Done:
        """The bot answers again; ``CaseTaken`` as in ``claim``."""
        return await self._control(
            conv, Wish(kind=EventKind.AGENT_GAVE_BACK, key=key, agent=agent, takes_over=takeover)
        )

    async def resolve(self, conv: str, *, agent: str, key: str, takeover: bool = False) -> Done:
        """The episode ends and the contact is asked how it went; ``CaseTaken`` as in ``claim``."""
        return await self._control(conv, Wish(kind=EventKind.AGENT_RESOLVED, key=key, agent=agent, takes_over=takeover))

    async def resolve_by_contact(self, conv: str, *, key: str) -> Done:
        """The contact says that all is well."""
        return await self._control(conv, Wish(kind=EventKind.CONTACT_RESOLVED, key=key))

    async def rate(self, conv: str, *, rating: int, key: str, comment: str = "") -> Done:
        """The contact's satisfaction, 1 to 5, with their own words."""
        if not LOWEST_RATING <= rating <= HIGHEST_RATING:
            raise PayloadInvalid("A rating is a whole number from 1 to 5.", field="rating")
        return await self._control(conv, Wish(kind=EventKind.CONTACT_RATED, key=key, text=comment, rating=rating))

    async def at_desk(self, conv: str, wish: Wish) -> Done:
        """What an agent did at an external desk (``wish.from_desk``); it takes over, since there it has happened already."""
        return await self._control(conv, wish)

    async def take(self, event: InboundEvent) -> Appended:
        """What a contact did beside writing, as it arrived; raises as ``TenantStore.append`` does."""
        return await take(self._store, event, notices=self._notices, staff=self._staff, nonce=self._new_id("n"))

    async def tell(self, conv: str, text: str, *, key: str) -> Done:
        """The house itself tells the agents something, in private."""
        return await self._control(conv, Wish(kind=EventKind.HOUSE_NOTED, key=key, text=text))

    async def _control(self, conv: str, wish: Wish) -> Done:
        head = await self._head(conv)
        event = self._event(head, wish)
        staffing = await staffing_for(self._staff, head, event)
        taken_by: str | None = None

        def build(head: Head) -> CommitDraft | None:
            nonlocal taken_by
            taken_by = _taken_by(head, wish)
            if taken_by is not None:
                return None
            return decide(head, event, notices=self._notices, staffing=staffing)

        appended = await self._store.append(conv, nonce=self._new_id("n"), build=build, event=event)
        if appended.commit is not None:
            commit = appended.commit
            return Done(head=commit.head, messages=commit.messages, is_duplicate=appended.is_duplicate)
        if taken_by is not None:
            raise CaseTaken(f"{taken_by} is already looking after this conversation.", agent=taken_by)
        return Done(head=await self._head(conv), messages=(), is_duplicate=appended.is_duplicate)

    async def _head(self, conv: str) -> Head:
        head = await self._store.head(conv)
        if head is None:
            raise LookupError(conv)
        return head

    def _event(self, head: Head, wish: Wish) -> InboundEvent:
        now = self._clock()
        return InboundEvent(
            tenant=head.tenant,
            account=head.account,
            conv=head.conv,
            dedupe_key=wish.dedupe_key,
            kind=wish.kind,
            contact=_contact(head, wish),
            provider_at=now,
            received_at=now,
            text=wish.text,
            attachments=wish.attachments,
            agent=wish.agent,
            reason=wish.reason,
            rating=wish.rating,
            from_desk=wish.from_desk,
            thread=head.thread,
        )


async def staffing_for(staff: Staff, head: Head | None, event: InboundEvent) -> Staffing:
    """How those stand whom a contact asks for; nobody is asked for any other control."""
    if event.kind is not EventKind.HANDOFF_REQUESTED:
        return OPEN
    asked = Asked(reason=HandoffReason.ASKED, text=event.reason or event.text)
    return await staff.for_handoff(reopened(head or Head.first(event)), asked)


async def take(store: TenantStore, event: InboundEvent, *, notices: Notices, staff: Staff, nonce: str) -> Appended:
    """Commit what a contact did beside writing, on the newest head."""
    staffing = await staffing_for(staff, await store.head(event.conv), event)

    def build(head: Head) -> CommitDraft | None:
        return decide(head, event, notices=notices, staffing=staffing)

    return await store.append(event.conv, nonce=nonce, build=build, event=event)


def _contact(head: Head, wish: Wish) -> Contact | None:
    return head.contact if wish.agent is None else None


def _taken_by(head: Head, wish: Wish) -> str | None:
    """The other agent who owns the conversation, when the wish does not say that it takes over."""
    is_elsewhere = head.owner is Owner.HUMAN and head.agent is not None and head.agent != wish.agent
    return head.agent if wish.agent is not None and is_elsewhere and not wish.takes_over else None


def _require_text(text: str) -> None:
    if not text.strip():
        raise PayloadInvalid("There is nothing to send: the text is empty.", field="text")
