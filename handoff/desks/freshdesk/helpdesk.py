"""Freshdesk as a helpdesk: a case is a ticket, an entry one of its notes.

The requester has no address at Freshdesk, so it can mail the customer nothing: what agents say reaches them through us alone.
Our key stands in a custom field of the ticket; notes keep no key, so one whose answer was lost is known by its words.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from core import markup
from core.errors import CaseGone, CredentialsInvalid, MessageRejected
from core.ports.channel import Fetched, Finding, RawRequest
from core.ports.helpdesk import (
    By,
    CaseChange,
    CaseDraft,
    CaseState,
    DeskFeatures,
    Entry,
    EntryDraft,
    Heard,
    RemoteFile,
)
from core.untrusted.visible import visible
from core.vendors.download import Downloads
from handoff import DeskContext
from handoff.desks.freshdesk import doctor, hearing
from handoff.desks.freshdesk.api import FreshdeskApi
from handoff.desks.freshdesk.payloads import AgentWire, Ticket
from handoff.desks.freshdesk.reading import (
    CHAT,
    NUMBERS,
    OPEN,
    PRIORITIES,
    agent_of,
    case_key,
    entry_of,
    is_gone,
    needs_look,
    state_of,
)
from handoff.desks.freshdesk.settings import FreshdeskSettings
from handoff.kit.enclosing import Enclosed, enclose
from handoff.kit.html import to_html
from handoff.kit.known import KnownContacts, conv_of, last_agent
from handoff.kit.matching import find_ours
from handoff.kit.naming import Names

MAX_TEXT: Final = 30_000
MAX_FILE_BYTES: Final = 20_000_000
"""Of all files of an entry together (API v2 documentation)."""
MAX_SUBJECT: Final = 250
MAX_TAG: Final = 32
MAX_CACHED: Final = 10_000
SKEW: Final = timedelta(hours=1)


class FreshdeskHelpdesk:
    """One account; implements core.ports.helpdesk.Helpdesk, SupportsDoctor and Closes."""

    kind = "freshdesk"

    def __init__(self, context: DeskContext, settings: FreshdeskSettings) -> None:
        self.features = DeskFeatures(
            pushes=True,
            signed=False,
            reads=True,
            notes=True,
            gives_back=f"the tag “{settings.give_back_tag}”, which a scenario adds",
            max_text=MAX_TEXT,
            max_file_bytes=MAX_FILE_BYTES,
        )
        self._context = context
        self._settings = settings
        self._api = FreshdeskApi(settings, clock=context.clock)
        self._known = KnownContacts(context.memory, self.kind)
        self._downloads = Downloads((settings.api_url, *settings.file_hosts))
        self._names = Names("Freshdesk agents", self._load_agents, clock=context.clock)
        self._groups = Names("Freshdesk groups", self._load_groups, clock=context.clock)
        self._agents: dict[int, AgentWire | None] = {}
        self._requesters: dict[str, int] = {}

    @classmethod
    def build(cls, context: DeskContext, settings: FreshdeskSettings) -> FreshdeskHelpdesk:
        """The account of a tenant."""
        return cls(context, settings)

    def verify(self, request: RawRequest) -> None:
        """By the token in a header."""
        hearing.verify(request, self._settings.tokens)

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """A ping about a ticket."""
        return hearing.parse(request)

    async def find(self, key: str) -> str | None:
        """Among its contact's tickets, which Freshdesk lists from its database; its search index lags for minutes.

        Nothing is asked when no attempt to open the case was ever begun.
        """
        begun = await self._context.memory.recall(_creating(key))
        contact = await self._known.newest(conv_of(key))
        if begun is None or contact is None:
            return None
        listed = await self._api.tickets_of(contact, datetime.fromisoformat(begun) - SKEW)
        ours = (each for each in listed if case_key(each, self._settings.case_field) == key and not is_gone(each))
        return next((str(each.id) for each in ours), None)

    async def create(self, draft: CaseDraft) -> str:
        """A ticket whose description is the opening entry; that it was begun is remembered before."""
        group = None if draft.team is None else int(await self._groups.known(draft.team))
        responder = None if draft.assignee is None else int(await self._names.known(draft.assignee))
        contact = await self._contact(draft)
        text, files = await self._composed(draft.opening)
        body = {
            "requester_id": int(contact),
            "subject": visible(draft.subject).strip()[:MAX_SUBJECT] or "A conversation",
            "description": to_html(text),
            "status": OPEN,
            "priority": PRIORITIES[draft.urgency],
            "source": CHAT,
            "group_id": group,
            "responder_id": responder,
            "tags": list(dict.fromkeys(tag[:MAX_TAG] for tag in (self._settings.ticket_tag, *draft.tags))),
            "custom_fields": {**draft.fields, self._settings.case_field: draft.key},
        }
        await self._context.memory.remember(_creating(draft.key), self._context.clock().isoformat())
        return await self._api.create_ticket({name: value for name, value in body.items() if value is not None}, files)

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """A note.  The contact's words are an incoming one in their name, which Freshdesk mails to nobody."""
        text, files = await self._composed(draft)
        if again and (known := await self._added(ref, replace(draft, text=text))) is not None:
            added = known
        elif draft.is_public:
            added = await self._public(ref, draft, to_html(text), files)
        else:
            added = await self._api.note(ref, {"body": to_html(text), "private": True}, files)
        await self._context.memory.remember(_noted(added), draft.key)
        return added

    async def change(self, ref: str, change: CaseChange) -> None:
        """All of it in one call."""
        body: dict[str, Any] = {}
        if change.status is not None:
            body["status"] = NUMBERS[change.status]
        if change.urgency is not None:
            body["priority"] = PRIORITIES[change.urgency]
        if change.team is not None and (group := await self._groups.find(change.team)) is not None:
            body["group_id"] = int(group)
        if change.assignee is not None and (agent := await self._names.find(change.assignee)) is not None:
            body["responder_id"] = int(agent)
        if change.add_tags or change.remove_tags or change.took_back:
            tags = list((await self._ticket(ref)).tags or ())
            gone = {*change.remove_tags, *((self._settings.give_back_tag,) if change.took_back else ())}
            added = (tag[:MAX_TAG] for tag in change.add_tags)
            wanted = [tag for tag in dict.fromkeys((*tags, *added)) if tag not in gone]
            body |= {"tags": wanted} if wanted != tags else {}
        if body:
            await self._api.change_ticket(ref, body)

    async def state(self, ref: str) -> CaseState:
        """As it stands.  Who gave back is who wrote last: the scenario leaves a note in their name."""
        own_id = await self._api.me()
        ticket = await self._ticket(ref)
        agent = None
        if ticket.responder_id is not None and ticket.responder_id != own_id:
            agent = await self._agent(ticket.responder_id)
        state = state_of(
            ticket,
            field=self._settings.case_field,
            give_back_tag=self._settings.give_back_tag,
            assignee=agent_of(agent) if agent else None,
            team=None if ticket.group_id is None else await self._groups.named(str(ticket.group_id)),
        )
        return replace(state, changed_by=last_agent(await self.entries(ref))) if state.gives_back else state

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """Its notes and replies, whose writers are looked up; the description is not among them."""
        own_id = await self._api.me()
        listed = [item for item in await self._api.conversations(ref) if item.id > int(after or 0)]
        if not listed:
            await self._ticket(ref)
        for item in listed:
            if needs_look(item, own_id) and item.user_id is not None:
                await self._agent(item.user_id)
        return tuple(entry_of(item, own_id=own_id, agents=self._agents) for item in listed)

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """Tickets with our field that changed since then."""
        listed = await self._api.tickets_since(since)
        return tuple(str(each.id) for each in listed if case_key(each, self._settings.case_field) is not None)

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """From Freshdesk's storage; the address is signed and takes no key."""
        try:
            return await self._downloads.fetch(file.origin, limit_bytes=limit_bytes)
        except CredentialsInvalid as error:
            raise MessageRejected("The file's address is no longer valid.") from error

    async def examine(self) -> tuple[Finding, ...]:
        """The key, our agent, the custom field, the rate limit, the webhook."""
        return await doctor.examine(self._api, self._settings, url=self._context.webhook_url)

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._api.close()
        await self._downloads.close()

    async def _contact(self, draft: CaseDraft) -> str:
        """The contact of the conversation, made unless there; remembered before a ticket is opened."""
        known = await self._known.newest(draft.conv)
        if known is not None and await self._api.contact(known) is not None:
            return known
        name = visible(draft.contact.name or "").strip() or f"Customer ({draft.channel})"
        external_id = f"frontdesk:{self._context.tenant}:{draft.contact.id}"
        return await self._known.learn(draft.conv, str(await self._api.create_contact(name, external_id)))

    async def _composed(self, draft: EntryDraft) -> tuple[str, tuple[Enclosed, ...]]:
        """An entry's Markdown as it will stand there, and its files; under the name of who is not the contact."""
        files, text = await enclose(draft, self._context.files, total_bytes=MAX_FILE_BYTES)
        is_named = draft.author and draft.by is not By.CONTACT and (draft.is_public or draft.by is By.AGENT)
        return f"**{markup.escape(visible(draft.author))}**\n\n{text}" if is_named else text, files

    async def _public(self, ref: str, draft: EntryDraft, html: str, files: tuple[Enclosed, ...]) -> str:
        body = {"body": html, "private": False}
        if draft.by is not By.CONTACT:
            return await self._api.note(ref, body, files)
        requester = self._requesters.get(ref)
        if requester is not None:
            try:
                return await self._api.note(ref, {**body, "incoming": True, "user_id": requester}, files)
            except MessageRejected:
                self._requesters.pop(ref, None)
        newest = (await self._ticket(ref)).requester_id
        return await self._api.note(ref, {**body, "incoming": True, "user_id": newest}, files)

    async def _added(self, ref: str, draft: EntryDraft) -> str | None:
        """Our note among those that are there; notes of other messages of ours are not it."""
        entries = [entry for entry in await self.entries(ref) if entry.by in (By.OURS, By.CONTACT)]
        taken = [entry.id for entry in entries if await self._is_anothers(entry.id, draft.key)]
        found = find_ours(draft, entries, taken=taken)
        return found.id if found else None

    async def _is_anothers(self, entry_id: str, key: str) -> bool:
        known = await self._context.memory.recall(_noted(entry_id))
        return known is not None and known != key

    async def _ticket(self, ref: str) -> Ticket:
        ticket = await self._api.ticket(ref)
        if is_gone(ticket):
            raise CaseGone("The ticket was deleted at Freshdesk.")
        if ticket.requester_id is not None:
            if len(self._requesters) >= MAX_CACHED:
                self._requesters.clear()
            self._requesters[ref] = ticket.requester_id
        return ticket

    async def _agent(self, user_id: int) -> AgentWire | None:
        if user_id not in self._agents:
            if len(self._agents) >= MAX_CACHED:
                self._agents.clear()
            self._agents[user_id] = await self._api.agent(user_id)
        return self._agents[user_id]

    async def _load_agents(self) -> dict[str, str]:
        listed = await self._api.agents()
        by_name = {agent.contact.name or "": str(agent.id) for agent in listed}
        return {**by_name, **{agent.contact.email or "": str(agent.id) for agent in listed}}

    async def _load_groups(self) -> dict[str, str]:
        return {group.name: str(group.id) for group in await self._api.groups()}


def _creating(key: str) -> str:
    return f"freshdesk:creating:{key}"


def _noted(entry_id: str) -> str:
    return f"freshdesk:noted:{entry_id}"
