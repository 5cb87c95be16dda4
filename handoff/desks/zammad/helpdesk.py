"""Zammad as a helpdesk: a case is a ticket, an entry one of its articles, a team a group.

Each conversation has a Zammad customer of its own without a mail address: Zammad cannot mail them, whatever triggers it has.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from core import markup
from core.errors import CaseClosed, CredentialsInvalid, MessageRejected, ProviderUnavailable
from core.ports.channel import Fetched, Finding, RawRequest
from core.ports.helpdesk import (
    By,
    CaseChange,
    CaseDraft,
    CaseState,
    CaseStatus,
    DeskAgent,
    DeskFeatures,
    Entry,
    EntryDraft,
    Heard,
    RemoteFile,
)
from core.untrusted.visible import visible
from handoff import DeskContext
from handoff.desks.zammad import doctor
from handoff.desks.zammad.api import ZammadApi
from handoff.desks.zammad.hearing import Hearing
from handoff.desks.zammad.homes import Homes
from handoff.desks.zammad.payloads import ArticleWire, TicketWire, UserWire
from handoff.desks.zammad.reading import (
    MERGED,
    NOBODY,
    PENDING,
    PRIORITIES,
    STATES,
    WORDS,
    agent_of,
    by_of,
    case_key,
    entry_of,
    named,
    subject_of,
)
from handoff.desks.zammad.settings import ZammadSettings
from handoff.kit.enclosing import Enclosed, enclose
from handoff.kit.html import to_html
from handoff.kit.known import KnownContacts, conv_of, last_agent
from handoff.kit.matching import find_ours

MAX_FILE_BYTES: Final = 10_000_000
"""Base64 in JSON makes a third more of it, and proxies before Zammad often stop at 20 MB."""
MAX_FILES: Final = 10
MAX_TITLE: Final = 200
MAX_NAME: Final = 100
KNOWN_FOR: Final = timedelta(minutes=10)
"""How long we believe what Zammad said about a user."""

log = structlog.get_logger(__name__)


class ZammadHelpdesk:
    """One user's Zammad; implements core.ports.helpdesk.Helpdesk, SupportsDoctor and Closes."""

    kind = "zammad"

    def __init__(self, context: DeskContext, settings: ZammadSettings) -> None:
        self.features = DeskFeatures(
            pushes=True,
            signed=True,
            reads=True,
            notes=True,
            gives_back=f"the tag “{settings.give_back_tag}”",
            merges=True,
            max_file_bytes=MAX_FILE_BYTES,
        )
        self._context = context
        self._settings = settings
        self._api = ZammadApi(settings)
        self._hearing = Hearing(settings)
        self._homes = Homes(self._api, context.memory)
        self._known = KnownContacts(context.memory, self.kind)
        self._users: dict[int, tuple[datetime, UserWire | None]] = {}

    @classmethod
    def build(cls, context: DeskContext, settings: ZammadSettings) -> ZammadHelpdesk:
        """The Zammad of a tenant."""
        return cls(context, settings)

    def verify(self, request: RawRequest) -> None:
        """By the webhook's signature."""
        self._hearing.verify(request)

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """A whole entry where the call has one, and that the ticket changed."""
        return self._hearing.parse(request, self._api.own_id)

    async def find(self, key: str) -> str | None:
        """Among the tickets of the customer we made for the conversation, whom we know before there is a ticket."""
        customer = await self._known.newest(conv_of(key))
        if customer is None:
            return None
        for ticket in await self._api.tickets_of(customer):
            if case_key(ticket, self._settings.key_attribute) == key:
                return str(ticket["id"])
        return None

    async def create(self, draft: CaseDraft) -> str:
        """A ticket with its first article and its tags, in one call."""
        await self._api.me()
        customer = await self._customer(draft)
        body: dict[str, Any] = {
            **{name: visible(value) for name, value in draft.fields.items()},
            "title": " ".join(visible(draft.subject).split())[:MAX_TITLE] or "A conversation",
            "group": draft.team or self._settings.group,
            "customer_id": int(customer),
            "state": "open",
            "priority": PRIORITIES[draft.urgency],
            "tags": ",".join(dict.fromkeys((self._settings.tag, *map(_tag, draft.tags)))),
            "article": await self._article(draft.opening, customer),
            self._settings.key_attribute: draft.key,
        }
        if draft.assignee is not None:
            body["owner"] = draft.assignee
        try:
            return await self._api.create(body)
        except CredentialsInvalid as error:
            if draft.team is None:
                raise
            raise MessageRejected(f"Zammad's user may make no tickets in “{draft.team}”.") from error

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """An article; ``again`` looks for our key among those that are there."""
        ticket, _ = await self._open(ref)
        if again and (found := find_ours(draft, await self.entries(ref))) is not None:
            return found.id
        customer = await self._known.newest(draft.key.partition("#")[0]) or ticket.customer_id
        return await self._api.write({"ticket_id": int(ref), **await self._article(draft, customer)})

    async def change(self, ref: str, change: CaseChange) -> None:
        """Status and priority together; group, owner and tags each by their own call, as Zammad may refuse their names."""
        ticket, _ = await self._open(ref)
        wanted: dict[str, Any] = {}
        if change.status is not None and STATES.get(named(ticket.state)) is not change.status:
            wanted["state"] = WORDS[change.status]
            if wanted["state"] == PENDING:
                until = self._context.clock().astimezone(UTC) + timedelta(days=self._settings.pending_days)
                wanted["pending_time"] = f"{until:%Y-%m-%dT%H:%M:%SZ}"
        if change.urgency is not None:
            wanted["priority"] = PRIORITIES[change.urgency]
        if wanted:
            await self._api.update(ref, wanted)
        for name, value in (("group", change.team), ("owner", change.assignee)):
            if value is not None and value != (named(ticket.group) if name == "group" else None):
                await self._try(ref, name, value)
        gone = {*change.remove_tags, *((self._settings.give_back_tag,) if change.took_back else ())}
        if change.add_tags or gone:
            there = await self._api.tags(ref)
            for tag in sorted(there & gone):
                await self._api.tag(ref, tag, is_there=False)
            for tag in dict.fromkeys(map(_tag, change.add_tags)):
                if tag not in there and tag not in gone:
                    await self._api.tag(ref, tag, is_there=True)

    async def state(self, ref: str) -> CaseState:
        """As it stands.  Who gave back is who wrote last: the macro leaves a note, and tags have no author."""
        own_id = await self._api.me()
        ticket, whole = await self._api.ticket(ref)
        state, tags = named(ticket.state), await self._api.tags(ref)
        gives_back = self._settings.give_back_tag in tags
        wrote = last_agent(await self.entries(ref)) if gives_back else None
        return CaseState(
            ref=ref,
            status=STATES.get(state, CaseStatus.OPEN),
            key=case_key(whole, self._settings.key_attribute),
            assignee=await self._agent(ticket.owner_id, own_id),
            team=named(ticket.group) or None,
            tags=tags,
            merged_into=await self._target(ref) if state == MERGED else None,
            gives_back=gives_back,
            changed_by=wrote or await self._agent(ticket.updated_by_id, own_id),
            revision=ticket.updated_at,
        )

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """Its articles; Zammad lists them all in one answer.  What came with a merged ticket was said to another customer."""
        own_id = await self._api.me()
        last = int(after or 0)
        articles = [article for article in await self._api.articles(ref) if article.id > last]
        said = [article.id for article in articles if by_of(article, own_id) is By.AGENT]
        strange = await self._homes.strange(ref, said)
        return tuple(
            [
                entry_of(article, own_id, await self._author(article, own_id), is_here=article.id not in strange)
                for article in articles
            ]
        )

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """Tickets with our tag, from Zammad's database."""
        return tuple(await self._api.changed(self._settings.tag, since))

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """From Zammad, with our token."""
        answer = await self._api.file(file.origin, limit_bytes=limit_bytes)
        return Fetched(body=answer.body, media_type=file.media_type, name=file.name)

    async def examine(self) -> tuple[Finding, ...]:
        """The token, the group, the key's attribute, the clock, our signatures, the webhook's address."""
        context = self._context
        return await doctor.examine(self._api, self._settings, now=context.clock, url=context.webhook_url)

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._api.close()

    async def _open(self, ref: str) -> tuple[TicketWire, dict[str, Any]]:
        """A ticket that takes words; ``CaseClosed`` when it was merged."""
        ticket, whole = await self._api.ticket(ref)
        if named(ticket.state) == MERGED:
            raise CaseClosed("The ticket was merged.")
        return ticket, whole

    async def _target(self, ref: str) -> str | None:
        """The ticket that a merged one was merged into: its parent, or the only one it is linked with."""
        links = await self._api.linked(ref)
        parents = [other for kind, other in links if kind == "parent"]
        found = parents or [other for _, other in links]
        return str(found[0]) if len(set(found)) == 1 else None

    async def _try(self, ref: str, name: str, value: str) -> None:
        try:
            await self._api.update(ref, {name: value})
        except MessageRejected:
            log.warning("zammad_change_refused", ticket=ref, field=name)

    async def _customer(self, draft: CaseDraft) -> str:
        """The conversation's customer.  A login is taken once, so that no attempt makes a second one."""
        known = await self._known.newest(draft.conv)
        if known is not None and await self._api.user(known) is not None:
            return known
        login = f"frontdesk-{draft.conv.lower()}"
        contact = draft.contact
        about = [f"Frontdesk conversation {draft.conv} ({draft.channel})"]
        if contact.email:
            about.append(f"{visible(contact.email)} ({'proven' if contact.verified else 'as they say'})")
        body = {
            "login": login,
            "firstname": " ".join(visible(contact.name or "").split())[:MAX_NAME] or f"Customer ({draft.channel})",
            "note": "; ".join(about),
            "roles": ["Customer"],
        }
        made = await self._api.make_user(body)
        if made is None:
            made = await self._api.find_user(login)
        if made is None:
            raise ProviderUnavailable("Zammad's search does not know the customer yet that was made a moment ago.")
        return await self._known.learn(draft.conv, str(made))

    async def _article(self, draft: EntryDraft, customer: str | int | None) -> dict[str, Any]:
        """The contact's words as from the customer, everything else as from us under the name of who said it."""
        files, text = await enclose(draft, self._context.files, total_bytes=MAX_FILE_BYTES, most=MAX_FILES)
        is_contacts = draft.by is By.CONTACT and draft.is_public
        is_signed = draft.author.strip() and not is_contacts
        name = f"**{markup.escape(visible(draft.author).strip())}**\n\n" if is_signed else ""
        article: dict[str, Any] = {
            "subject": subject_of(draft.author, draft.key),
            "body": to_html(f"{name}{visible(text)}") or "<p></p>",
            "content_type": "text/html",
            "type": "note",
            "sender": "Customer" if is_contacts else "Agent",
            "internal": not draft.is_public,
        }
        if is_contacts and customer is not None:
            article["origin_by_id"] = int(customer)
        if files:
            article["attachments"] = [_attached(file) for file in files]
        return article

    async def _author(self, article: ArticleWire, own_id: int) -> DeskAgent | None:
        return await self._agent(article.created_by_id, own_id) if by_of(article, own_id) is By.AGENT else None

    async def _agent(self, user_id: int | None, own_id: int) -> DeskAgent | None:
        if user_id is None or user_id in (NOBODY, own_id):
            return None
        now = self._context.clock()
        known = self._users.get(user_id)
        if known is None or now - known[0] > KNOWN_FOR:
            known = self._users[user_id] = (now, await self._api.user(user_id))
        return None if known[1] is None else agent_of(known[1])


def _tag(name: str) -> str:
    """A tag as Zammad takes it: a list of them is parted by commas."""
    return " ".join(name.replace(",", " ").split())


def _attached(file: Enclosed) -> dict[str, str]:
    return {
        "filename": file.name,
        "data": base64.b64encode(file.body).decode(),
        "mime-type": file.media_type,
    }
