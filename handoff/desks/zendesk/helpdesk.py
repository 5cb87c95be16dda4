"""Zendesk Support as a helpdesk: cases are tickets, entries are comments, keys travel as ``external_id`` and metadata."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from yarl import URL

from core.errors import CaseClosed, CaseGone, CredentialsInvalid, MessageRejected, ProviderUnavailable
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
from core.vendors.download import Downloads
from core.vendors.http import Answer
from handoff import DeskContext
from handoff.desks.zendesk import proof
from handoff.desks.zendesk.client import Client, Wire, told
from handoff.desks.zendesk.doctor import Doctor
from handoff.desks.zendesk.errors import is_about_author
from handoff.desks.zendesk.people import People
from handoff.desks.zendesk.reading import MERGED_TAG, STATUSES, comment_of, entry_of, merge_target, own_key
from handoff.desks.zendesk.settings import ZendeskSettings
from handoff.desks.zendesk.wire import Audits, Comments, Exported, TicketAnswer, Tickets
from handoff.desks.zendesk.writing import Writer, metadata

MAX_FILE_BYTES: Final = 50_000_000
MAX_TEXT: Final = 16_000
"""A comment holds 64 KB: of any script, and with its markup."""

MAX_RACES: Final = 5
MAX_CASES: Final = 5_000
MAX_EXPORT_PAGES: Final = 8
"""The incremental export takes ten requests a minute."""

EXPORT_LAG: Final = timedelta(seconds=61)
"""The export refuses a start less than a minute ago."""

_REF: Final = re.compile(r"[0-9]{1,19}")


class Zendesk:
    """One account of Zendesk Support."""

    kind = "zendesk"
    features = DeskFeatures(
        pushes=True,
        signed=True,
        reads=True,
        notes=True,
        gives_back='Apply the macro "Give back to the bot", which adds the tag frontdesk_bot',
        merges=True,
        closes=True,
        max_text=MAX_TEXT,
        max_file_bytes=MAX_FILE_BYTES,
        updates=30,
        updates_per_s=600.0,
    )

    def __init__(self, context: DeskContext, settings: ZendeskSettings) -> None:
        self._settings = settings
        self._context = context
        self._client = Client(settings, context.clock)
        self._people = People(self._client, context.clock)
        self._writer = Writer(settings, self._client, self._people, context.files)
        self._authors: OrderedDict[str, int] = OrderedDict()
        self._downloads = Downloads((settings.base, "*.zendesk.com", "*.zdusercontent.com"))

    def verify(self, request: RawRequest) -> None:
        """See ``core.ports.helpdesk.Helpdesk``."""
        proof.verify(self._settings, request)

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """See ``core.ports.helpdesk.Helpdesk``."""
        return proof.parse(self._settings, request, own_id=self._people.own_id)

    async def examine(self) -> tuple[Finding, ...]:
        """See ``core.ports.channel.SupportsDoctor``."""
        return await Doctor(self._settings, self._client, self._context).examine()

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self._client.close()
        await self._downloads.close()

    # Cases

    async def find(self, key: str) -> str | None:
        """See ``core.ports.helpdesk.Helpdesk``; the ticket list is consistent, the search index is not."""
        found = await self._client.read(Tickets, "/tickets", params={"external_id": key})
        ids = [ticket.id for ticket in found.tickets if ticket.external_id == key and ticket.status != "deleted"]
        return str(min(ids)) if ids else None

    async def create(self, draft: CaseDraft) -> str:
        """See ``core.ports.helpdesk.Helpdesk``."""
        requester = await self._people.contact(draft.contact)
        ticket = await self._writer.ticket(draft, follows=await self._followed(draft.follows))
        answer = await self._post_ticket(ticket, draft.opening, requester)
        if answer.status == 422 and is_about_author(answer.json()):
            requester = await self._people.contact(draft.contact, anew=True)
            answer = await self._post_ticket(ticket, draft.opening, requester)
        ref = str(told(answer, TicketAnswer).ticket.id)
        self._keep_author(ref, requester)
        return ref

    async def _post_ticket(self, ticket: Wire, opening: EntryDraft, requester: int) -> Answer:
        """Zendesk gives a repeated request the first answer for two hours, so even two workers at once make one ticket."""
        name = f"{ticket['external_id']} {requester}"
        headers = {"Idempotency-Key": hashlib.sha256(name.encode()).hexdigest()}
        comment = await self._writer.comment(opening, requester)
        author = comment.setdefault("author_id", await self._people.me())  # else it would be the requester's
        who = {"requester_id": requester, "submitter_id": author}
        body = {**ticket, **who, "comment": comment, "metadata": metadata(opening.key)}
        return await self._client.call("POST", "/tickets", json={"ticket": body}, headers=headers)

    async def _followed(self, follows: str | None) -> int | None:
        """The closed ticket that a new one follows; Zendesk takes none that is still open."""
        if follows is None:
            return None
        try:
            ticket = (await self._read_ticket(follows)).ticket
        except CaseGone:
            return None
        return ticket.id if ticket.status == "closed" else None

    async def change(self, ref: str, change: CaseChange) -> None:
        """See ``core.ports.helpdesk.Helpdesk``; a change in between makes Zendesk refuse ours, which is then made anew."""
        for _ in range(MAX_RACES):
            ticket = (await self._read_ticket(ref)).ticket
            wanted = await self._writer.change(ticket, change)
            if not wanted:
                return
            if ticket.status == "closed":
                raise CaseClosed("The ticket is closed.")
            wanted |= {"safe_update": True, "updated_stamp": ticket.updated_at}
            answer = await self._client.call("PUT", f"/tickets/{ref}", json={"ticket": wanted}, on_ticket=True)
            if answer.status != 409:
                told(answer, TicketAnswer, on_ticket=True)
                return
        raise ProviderUnavailable("The ticket changes all the time.")

    async def state(self, ref: str) -> CaseState:
        """See ``core.ports.helpdesk.Helpdesk``."""
        found = await self._read_ticket(ref, include="users,groups")
        self._people.learn(found.users)
        ticket = found.ticket
        tags = frozenset(ticket.tags)
        gives_back = self._settings.give_back_tag in tags
        status = STATUSES.get(ticket.status, CaseStatus.OPEN)
        team = next((group.name for group in found.groups if group.id == ticket.group_id), None)
        was_merged = status is CaseStatus.CLOSED and MERGED_TAG in tags
        is_done = status in (CaseStatus.SOLVED, CaseStatus.CLOSED)
        changed_by = await self._last_agent(ref) if gives_back or is_done else None
        return CaseState(
            ref=ref,
            status=status,
            key=ticket.external_id,
            assignee=await self._people.agent(ticket.assignee_id),
            team=team or await self._people.group_name(ticket.group_id),
            tags=tags,
            merged_into=await self._merged_into(ref) if was_merged else None,
            gives_back=gives_back,
            changed_by=changed_by,
            revision=ticket.updated_at,
        )

    async def _merged_into(self, ref: str) -> str | None:
        page = await self._client.read(
            Comments, f"/tickets/{ref}/comments", params={"sort": "-created_at", "page[size]": "5"}, on_ticket=True
        )
        return merge_target(ref, page.comments)

    async def _last_agent(self, ref: str) -> DeskAgent | None:
        """The agent who changed the ticket last."""
        agent: DeskAgent | None = None
        async for page in self._client.pages(Audits, f"/tickets/{ref}/audits", on_ticket=True):
            for audit in reversed(page.audits):
                found = await self._people.agent(audit.author_id)
                if found is not None:
                    agent = found
                    break
        return agent

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """See ``core.ports.helpdesk.Helpdesk``; Zendesk's export tells of changes up to a minute ago at the earliest."""
        start = min(since, self._context.clock() - EXPORT_LAG)
        params = {"start_time": str(int(start.timestamp()))}
        refs: dict[str, None] = {}
        for _ in range(MAX_EXPORT_PAGES):
            page = await self._client.read(Exported, "/incremental/tickets/cursor", params=params)
            ours = (ticket for ticket in page.tickets if (ticket.external_id or "").startswith(proof.KEY_PREFIX))
            refs.update((str(ticket.id), None) for ticket in ours)
            if page.end_of_stream or not page.after_cursor:
                break
            params = {"cursor": page.after_cursor}
        return tuple(refs)

    async def _read_ticket(self, ref: str, *, include: str = "") -> TicketAnswer:
        _check(ref)
        params = {"include": include} if include else None
        found = await self._client.read(TicketAnswer, f"/tickets/{ref}", params=params, on_ticket=True)
        if found.ticket.status == "deleted":
            raise CaseGone("The ticket was deleted.")
        return found

    # Entries

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """See ``core.ports.helpdesk.Helpdesk``; our key stands in the metadata of the change, which audits tell."""
        _check(ref)
        if again:
            found = await self._added(ref, draft.key)
            if found is not None:
                return found
        author = await self._author(ref) if draft.by is By.CONTACT else None
        answer = await self._put_comment(ref, draft, author)
        if answer.status == 422 and author is not None and is_about_author(answer.json()):
            answer = await self._put_comment(ref, draft, await self._other_author(ref, author))
        made = told(answer, TicketAnswer, on_ticket=True)
        if draft.by is By.CONTACT and draft.is_public and made.ticket.status in ("pending", "hold"):
            await self.change(ref, CaseChange(status=CaseStatus.OPEN))
        added = comment_of(made.audit) or await self._added(ref, draft.key)
        if added is None:
            raise MessageRejected("Zendesk took the entry and did not keep it.")
        return added

    async def _put_comment(self, ref: str, draft: EntryDraft, author: int | None) -> Answer:
        comment = await self._writer.comment(draft, author)
        body = {"ticket": {"comment": comment, "metadata": metadata(draft.key)}}
        return await self._client.call("PUT", f"/tickets/{ref}", json=body, on_ticket=True)

    async def _author(self, ref: str) -> int | None:
        """The contact as Zendesk knows them: the ticket's requester."""
        known = self._authors.get(ref)
        if known is None:
            known = (await self._read_ticket(ref)).ticket.requester_id
            if known is not None:
                self._keep_author(ref, known)
        return known

    async def _other_author(self, ref: str, refused: int) -> int | None:
        """Whom Zendesk made of a contact it no longer knows (two users were merged); None: their words stand under our name."""
        self._authors.pop(ref, None)
        other = await self._author(ref)
        return None if other == refused else other

    def _keep_author(self, ref: str, user_id: int) -> None:
        self._authors[ref] = user_id
        while len(self._authors) > MAX_CASES:
            self._authors.popitem(last=False)

    async def _added(self, ref: str, key: str) -> str | None:
        async for page in self._client.pages(Audits, f"/tickets/{ref}/audits", on_ticket=True):
            for audit in page.audits:
                if own_key(audit.metadata) == key and (found := comment_of(audit)) is not None:
                    return found
        return None

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """See ``core.ports.helpdesk.Helpdesk``; read from the newest backwards, so that long tickets cost one call."""
        _check(ref)
        own_id = await self._people.me()
        found: list[Entry] = []
        params = {"sort": "-created_at", "include": "users"}
        async for page in self._client.pages(Comments, f"/tickets/{ref}/comments", params=params, on_ticket=True):
            self._people.learn(page.users)
            for comment in page.comments:
                if after is not None and str(comment.id) == after:
                    return tuple(reversed(found))
                author = await self._people.user(comment.author_id) if comment.author_id is not None else None
                found.append(entry_of(comment, author, own_id=own_id))
        return tuple(reversed(found))

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """See ``core.ports.helpdesk.Helpdesk``; our token goes to the account's own host only."""
        proves = _same_origin(file.origin, self._settings.base)
        token = await self._client.tokens.header() if proves else ""
        headers = {"Authorization": token} if proves else {}
        try:
            return await self._downloads.fetch(file.origin, limit_bytes=limit_bytes, headers=headers)
        except CredentialsInvalid:
            if not (proves and self._client.tokens.can_renew):
                raise
        headers = {"Authorization": await self._client.tokens.header(instead_of=token)}
        return await self._downloads.fetch(file.origin, limit_bytes=limit_bytes, headers=headers)


def _check(ref: str) -> None:
    if _REF.fullmatch(ref) is None:
        raise CaseGone("This is not a ticket of Zendesk.")


def _same_origin(url: str, base: str) -> bool:
    try:
        return URL(url).origin() == URL(base).origin()
    except ValueError:
        return False
