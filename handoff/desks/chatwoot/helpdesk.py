"""Chatwoot as a helpdesk: a case is a conversation of our API-channel inbox, an entry one of its messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from core import markup
from core.errors import CredentialsInvalid, MessageRejected
from core.ports.channel import Fetched, Finding, RawRequest
from core.ports.helpdesk import (
    By,
    CaseChange,
    CaseDraft,
    CaseState,
    CaseStatus,
    DeskFeatures,
    Entry,
    EntryDraft,
    Heard,
    RemoteFile,
    Urgency,
)
from core.untrusted.visible import visible
from core.vendors.download import Downloads
from handoff import DeskContext
from handoff.desks.chatwoot import doctor
from handoff.desks.chatwoot.api import ChatwootApi
from handoff.desks.chatwoot.hearing import Hearing
from handoff.desks.chatwoot.payloads import ConversationWire
from handoff.desks.chatwoot.reading import (
    CASE,
    CHANNEL,
    CONVERSATION,
    KEY_PREFIX,
    OPENING,
    PENDING,
    PRIORITIES,
    SUBJECT,
    WITH_BOT,
    WORDS,
    attributes,
    case_key,
    entry_of,
    key_in,
    moment,
    state_of,
)
from handoff.desks.chatwoot.settings import ChatwootSettings, Verify
from handoff.kit.enclosing import Enclosed, enclose
from handoff.kit.known import KnownContacts, conv_of, last_agent
from handoff.kit.naming import Names

MAX_TEXT: Final = 50_000
"""Chatwoot takes 150 000 characters since 3.x; agents read far less."""
MAX_FILE_BYTES: Final = 40_000_000
MAX_FILES: Final = 15
LEAST_PAGE: Final = 20
"""A page of messages has a hundred, or twenty on older servers; a shorter one is the last."""
MAX_PAGES: Final = 40
"""Of 25 conversations: what changed since the last look is far less; open cases are read one by one as well."""


class ChatwootHelpdesk:
    """One inbox of one account; implements core.ports.helpdesk.Helpdesk, SupportsDoctor and Closes."""

    kind = "chatwoot"

    def __init__(self, context: DeskContext, settings: ChatwootSettings) -> None:
        self.features = DeskFeatures(
            pushes=True,
            signed=settings.verify is Verify.HMAC,
            reads=True,
            notes=True,
            gives_back=f"the label “{settings.give_back_label}”, or the status Pending",
            deletes=True,
            max_text=MAX_TEXT,
            max_file_bytes=MAX_FILE_BYTES,
        )
        self._context = context
        self._settings = settings
        self._api = ChatwootApi(settings)
        self._hearing = Hearing(settings)
        self._known = KnownContacts(context.memory, self.kind)
        self._downloads = Downloads((settings.base, *settings.file_hosts))
        self._agents = Names("Chatwoot agents", self._load_agents, clock=context.clock)
        self._teams = Names("Chatwoot teams", self._load_teams, clock=context.clock)

    @classmethod
    def build(cls, context: DeskContext, settings: ChatwootSettings) -> ChatwootHelpdesk:
        """The inbox of a tenant."""
        return cls(context, settings)

    def verify(self, request: RawRequest) -> None:
        """By signature or by token, as the settings say."""
        self._hearing.verify(request)

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """Whole entries when the call is signed, pings otherwise."""
        return self._hearing.parse(request, self._api.own_id)

    async def find(self, key: str) -> str | None:
        """Among the conversations of the contact we made for it, which Chatwoot reads from its database."""
        contact = await self._known.newest(conv_of(key))
        return await self._case_of(contact, CASE, key) if contact is not None else None

    async def create(self, draft: CaseDraft) -> str:
        """A conversation with its first message, in one transaction at Chatwoot's; then its priority and labels.

        Until these are set it is not found: the next attempt goes on with it.
        """
        await self._api.me()
        team = None if draft.team is None else int(await self._teams.known(draft.team))
        assignee = None if draft.assignee is None else int(await self._agents.known(draft.assignee))
        contact, is_new = await self._contact(draft)
        begun = None if is_new else await self._case_of(contact, OPENING, draft.key)
        has_more = draft.urgency is not Urgency.NORMAL or bool(draft.tags)
        own = {
            **{name: visible(value) for name, value in draft.fields.items()},
            OPENING: draft.key,
            CONVERSATION: draft.conv,
            CHANNEL: draft.channel,
            SUBJECT: visible(draft.subject),
        }
        whole = {**own, CASE: draft.key}
        ref = begun or await self._open(draft, int(contact), team, assignee, own if has_more else whole)
        if has_more or begun is not None:
            await self.change(ref, CaseChange(urgency=draft.urgency, add_tags=draft.tags))
            await self._api.act(ref, "custom_attributes", {"custom_attributes": whole, "merge": True})
        return ref

    async def _open(
        self, draft: CaseDraft, contact: int, team: int | None, assignee: int | None, attributes: dict[str, str]
    ) -> str:
        message, files = await self._message(draft.opening)
        body = {
            "inbox_id": self._settings.inbox_id,
            "contact_id": contact,
            "source_id": draft.key,
            "status": "open",
            "team_id": team,
            "assignee_id": assignee,
            "custom_attributes": attributes,
            "message": message,
        }
        given = {name: value for name, value in body.items() if value is not None}
        return await self._api.create_conversation(given, files)

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """A message; ``again`` looks for our key among those that are there, the newest first."""
        await self._api.me()
        if again and (known := await self._added(ref, draft.key)) is not None:
            return known
        message, files = await self._message(draft)
        return await self._api.create_message(ref, message, files)

    async def change(self, ref: str, change: CaseChange) -> None:
        """Each part by its own call."""
        found = await self._api.conversation(ref)
        await self._labels(found, change)
        if change.urgency is not None:
            await self._api.act(ref, "toggle_priority", {"priority": PRIORITIES[change.urgency]})
        await self._status(found, change)
        if change.team is not None and (team := await self._teams.find(change.team)) is not None:
            await self._api.act(ref, "assignments", {"team_id": int(team)})
        if change.assignee is not None and (agent := await self._agents.find(change.assignee)) is not None:
            await self._api.act(ref, "assignments", {"assignee_id": int(agent)})

    async def state(self, ref: str) -> CaseState:
        """As it stands.  Opened again, it is the people's: the mark that the bot goes on is taken away.

        Chatwoot does not tell who set a label or a status; whoever wrote last is taken for who gave back.
        """
        own_id = await self._api.me()
        found = await self._api.conversation(ref)
        if found.status != PENDING and attributes(found).get(WITH_BOT):
            await self._mark(found, with_bot=False)
        state = state_of(found, label=self._settings.give_back_label, own_id=own_id)
        if not state.gives_back:
            return state
        newest = [entry_of(message, own_id) for message in await self._api.messages(ref)]
        return replace(state, changed_by=last_agent(newest) or state.assignee)

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """In pages of up to a hundred, by their ids."""
        own_id = await self._api.me()
        found: list[Entry] = []
        last = int(after or 0)
        while True:
            page = [message for message in await self._api.messages(ref, after=str(last)) if message.id > last]
            found += [entry_of(message, own_id) for message in page]
            if len(page) < LEAST_PAGE:
                break
            last = max(message.id for message in page)
        return tuple(found)

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """Our inbox's conversations, the last active first, down to ``since``."""
        refs: list[str] = []
        for page in range(1, MAX_PAGES + 1):
            listed = await self._api.conversations(page)
            fresh = [each for each in listed if _changed_at(each) >= since]
            refs += [str(each.id) for each in fresh if case_key(each) is not None]
            if not fresh:
                break
        return tuple(refs)

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """From the installation or its storage; the address is signed and takes no token."""
        try:
            return await self._downloads.fetch(file.origin, limit_bytes=limit_bytes)
        except CredentialsInvalid as error:
            raise MessageRejected("The file's address is no longer valid.") from error

    async def examine(self) -> tuple[Finding, ...]:
        """The token, our user's role, the inbox and its webhook, the label, the clock."""
        return await doctor.examine(self._api, self._settings, url=self._context.webhook_url, now=self._context.clock)

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._api.close()
        await self._downloads.close()

    async def _case_of(self, contact: str, attribute: str, key: str) -> str | None:
        listed = await self._api.conversations_of(contact)
        return next((str(each.id) for each in listed if attributes(each).get(attribute) == key), None)

    async def _contact(self, draft: CaseDraft) -> tuple[str, bool]:
        """The contact of the conversation, made unless there, and whether it is new; remembered before a case is opened."""
        known = await self._known.newest(draft.conv)
        if known is not None and await self._api.has_contact(known):
            return known, False
        contact = draft.contact
        identifier = f"frontdesk:{self._context.tenant}:{contact.id}"
        plain = {"name": visible(contact.name or "").strip() or f"Customer ({draft.channel})", "identifier": identifier}
        # Only a proven address: whoever claims another's would stand in that customer's record.
        email = contact.email if contact.verified else None
        made = await self._api.create_contact({**plain, "email": email} if email else plain)
        is_new = made is not None
        if made is None:
            made = await self._api.find_contact("identifier", identifier)
        if made is None and email:
            made = await self._api.find_contact("email", email)
            made = made or await self._api.create_contact(plain)
        if made is None:
            raise MessageRejected("Chatwoot refuses the contact.")
        return await self._known.learn(draft.conv, str(made)), is_new

    async def _message(self, draft: EntryDraft) -> tuple[dict[str, Any], tuple[Enclosed, ...]]:
        """What Chatwoot gets of an entry: the contact's words incoming, everything else outgoing or private."""
        files, text = await enclose(draft, self._context.files, total_bytes=MAX_FILE_BYTES, most=MAX_FILES)
        is_contacts = draft.by is By.CONTACT and draft.is_public
        is_signed = draft.author and not is_contacts and (draft.is_public or draft.by is By.AGENT)
        message = {
            "content": f"**{markup.escape(visible(draft.author))}**\n\n{text}" if is_signed else text,
            "message_type": "incoming" if is_contacts else "outgoing",
            "private": not draft.is_public,
            "source_id": KEY_PREFIX + draft.key,
        }
        return message, files

    async def _added(self, ref: str, key: str) -> str | None:
        page = await self._api.messages(ref)
        while page:
            for message in reversed(page):
                if key_in(message.source_id) == key:
                    return str(message.id)
            page = await self._api.messages(ref, before=str(min(message.id for message in page)))
        return None

    async def _labels(self, found: ConversationWire, change: CaseChange) -> None:
        labels = list(found.labels or ())
        gone = {*change.remove_tags, *((self._settings.give_back_label,) if change.took_back else ())}
        wanted = [label for label in dict.fromkeys((*labels, *change.add_tags)) if label not in gone]
        if wanted != labels:
            await self._api.act(str(found.id), "labels", {"labels": wanted})

    async def _status(self, found: ConversationWire, change: CaseChange) -> None:
        """Pending is Chatwoot's word for "with the bot"; our mark tells our own from an agent's wish."""
        if change.status is None:
            if change.took_back and found.status == PENDING:
                await self._mark(found, with_bot=True)
            return
        await self._mark(found, with_bot=change.status is CaseStatus.PENDING)
        if found.status != WORDS[change.status]:
            await self._api.act(str(found.id), "toggle_status", {"status": WORDS[change.status]})

    async def _mark(self, found: ConversationWire, *, with_bot: bool) -> None:
        if bool(attributes(found).get(WITH_BOT)) != with_bot:
            marked = {**attributes(found), WITH_BOT: with_bot}
            await self._api.act(str(found.id), "custom_attributes", {"custom_attributes": marked, "merge": True})

    async def _load_agents(self) -> dict[str, str]:
        listed = await self._api.listed("agents")
        return {
            str(agent[field]): str(agent["id"])
            for agent in listed
            for field in ("email", "name", "available_name")
            if agent.get(field)
        }

    async def _load_teams(self) -> dict[str, str]:
        return {str(team.get("name") or ""): str(team["id"]) for team in await self._api.listed("teams")}


def _changed_at(conversation: ConversationWire) -> datetime:
    return max(moment(conversation.updated_at), moment(conversation.last_activity_at))
