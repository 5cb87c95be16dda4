"""RT as a helpdesk: a case is a ticket, an entry what is written in it, a team a queue.

Tickets have no requestor: whatever scrips an RT has, it knows no address to mail a customer at.  Correspondence is what the
customer sees, comments are private.  Whoever gives the ticket to our user gives the conversation back to the bot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from core import markup
from core.errors import CaseClosed, CredentialsInvalid, MessageRejected, PayloadMalformed
from core.inbound import Ignored
from core.ports.channel import Fetched, Finding, RawRequest
from core.ports.helpdesk import (
    By,
    CaseChange,
    CaseDraft,
    CaseState,
    CaseTouched,
    DeskAgent,
    DeskFeatures,
    Entry,
    EntryDraft,
    Heard,
    RemoteFile,
)
from core.untrusted.visible import visible
from handoff import DeskContext
from handoff.desks.rt import doctor
from handoff.desks.rt.api import PER_PAGE, RtApi
from handoff.desks.rt.payloads import TicketWire, TransactionWire, UserWire
from handoff.desks.rt.reading import (
    NOBODY,
    WRITTEN,
    agent_of,
    ago,
    body_of,
    by_of,
    files_of,
    key_in,
    key_of,
    moment,
    status_of,
    subject_of,
    word_of,
)
from handoff.desks.rt.settings import RtSettings
from handoff.kit.enclosing import Enclosed, enclose
from handoff.kit.html import from_html, to_html
from handoff.kit.markdown import from_plain
from handoff.kit.proof import check_token, header

MAX_FILE_BYTES: Final = 10_000_000
"""RT's own MaxAttachmentSize, when nobody raised it."""
MAX_FILES: Final = 20
MAX_WORDS_BYTES: Final = 2_000_000
MAX_SUBJECT: Final = 200
KNOWN_FOR: Final = timedelta(minutes=10)
"""How long we believe what RT said about a user."""
TOKEN_HEADER: Final = "X-Frontdesk-Token"  # noqa: S105  a header's name

log = structlog.get_logger(__name__)


class RtHelpdesk:
    """One user's RT; implements core.ports.helpdesk.Helpdesk, SupportsDoctor and Closes."""

    kind = "rt"

    def __init__(self, context: DeskContext, settings: RtSettings) -> None:
        self.features = DeskFeatures(
            pushes=False,
            signed=False,
            reads=True,
            notes=True,
            gives_back=f"give the ticket to its user “{settings.user}”",
            tags=False,
            merges=True,
            max_file_bytes=MAX_FILE_BYTES,
            poll_s=settings.poll_s,
        )
        self._context = context
        self._settings = settings
        self._api = RtApi(settings)
        self._users: dict[str, tuple[datetime, UserWire | None]] = {}
        self._queues: set[str] = set()

    @classmethod
    def build(cls, context: DeskContext, settings: RtSettings) -> RtHelpdesk:
        """The RT of a tenant."""
        return cls(context, settings)

    def verify(self, request: RawRequest) -> None:
        """The optional scrip's token, in a header of its own."""
        check_token((self._settings.webhook_secret,), header(request, TOKEN_HEADER))

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """A ping: ``{"ticket": 12}``."""
        try:
            told = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PayloadMalformed(f"This is no ping of RT's scrip: {error}") from error
        ref = str(told.get("ticket", "")) if isinstance(told, dict) else ""
        return (CaseTouched(ref=ref),) if ref.isascii() and ref.isdigit() else (Ignored("no ticket"),)

    async def find(self, key: str) -> str | None:
        """By the custom field, which RT searches in its database; the oldest when there are several."""
        escaped = key.replace("\\", "\\\\").replace("'", "\\'")
        found = await self._api.search(f"'CF.{{{self._settings.case_field}}}' = '{escaped}'")
        return found[0] if found else None

    async def create(self, draft: CaseDraft) -> str:
        """A ticket with its opening words, in one call; ``MessageRejected`` when the route's queue or owner is none."""
        queue = draft.team or self._settings.queue
        await self._check_queue(queue, is_route=draft.team is not None)
        if draft.assignee is not None and await self._user(draft.assignee) is None:
            raise MessageRejected(f"RT has no user “{draft.assignee}”.")
        content, files = await self._content(draft.opening)
        body: dict[str, Any] = {
            "Queue": queue,
            "Subject": " ".join(visible(draft.subject).split())[:MAX_SUBJECT] or "A conversation",
            "Priority": getattr(self._settings.priorities, draft.urgency),
            "CustomFields": {
                **{name: visible(value) for name, value in draft.fields.items()},
                self._settings.case_field: draft.key,
            },
            "Content": content,
            "ContentType": "text/html",
        }
        if draft.assignee is not None:
            body["Owner"] = draft.assignee
        return await self._api.create(body, files)

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """Correspondence when it is public, else a comment; ``again`` looks for our key in the history."""
        await self._unmerged(ref)
        if again:
            async for transaction in self._history(ref, None):
                if key_of(transaction, self._settings.user) == draft.key:
                    return transaction.id
        content, files = await self._content(draft)
        body = {"Subject": subject_of(draft.author, draft.key), "Content": content, "ContentType": "text/html"}
        return await self._api.write(ref, "correspond" if draft.is_public else "comment", body, files)

    async def change(self, ref: str, change: CaseChange) -> None:
        """What differs, in one call; what RT leaves undone is told in the log."""
        ticket = await self._unmerged(ref)
        wanted: dict[str, Any] = {}
        word = None if change.status is None else word_of(change.status, self._settings)
        if word is not None and status_of(ticket.Status, self._settings) is not change.status:
            wanted["Status"] = word
        if change.urgency is not None:
            wanted["Priority"] = getattr(self._settings.priorities, change.urgency)
        if change.team is not None and change.team != ticket.Queue.Name:
            wanted["Queue"] = change.team
        owner = change.assignee
        if owner is None and change.took_back and ticket.Owner.id == self._settings.user:
            owner = NOBODY
        if owner is not None and owner != ticket.Owner.id:
            wanted["Owner"] = owner
        if wanted:
            await self._api.update(ref, wanted)
            await self._check_done(ref, wanted)

    async def state(self, ref: str) -> CaseState:
        """As it stands."""
        ticket = await self._api.ticket(ref)
        owner = ticket.Owner.id
        is_ours = owner == self._settings.user
        return CaseState(
            ref=ref,
            status=status_of(ticket.Status, self._settings),
            key=key_in(ticket, self._settings),
            assignee=None if is_ours or owner == NOBODY else await self._agent(owner),
            team=ticket.Queue.Name or None,
            merged_into=str(ticket.id) if str(ticket.id) != ref else None,
            gives_back=is_ours,
            changed_by=await self._agent(ticket.LastUpdatedBy.id),
            revision=ticket.LastUpdated,
        )

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """What was written; of our own the key stands for the words, which are not fetched.

        RT shows the history of merged tickets as one: here each has what was written in it before, the last one what comes after.
        """
        await self._api.ticket(ref)
        written = [each async for each in self._history(ref, after) if each.Type in WRITTEN and each.ObjectId == ref]
        return tuple([await self._entry(each) for each in reversed(written)])

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """Tickets with our field that were updated since, and whatever was deleted.

        RT reads an absolute time in its user's time zone, whatever zone is written with it; a relative one by its own clock.
        """
        query = (
            f"'CF.{{{self._settings.case_field}}}' LIKE 'fd:' AND LastUpdated >= '{ago(self._context.clock() - since)}'"
        )
        deleted = await self._api.deleted_since(f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}")
        return (*await self._api.search(query), *deleted)

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """From RT's database."""
        body = await self._api.content(file.origin, limit_bytes=limit_bytes)
        return Fetched(body=body, media_type=file.media_type, name=file.name)

    async def examine(self) -> tuple[Finding, ...]:
        """The user, the queue, the custom field, the clock."""
        return await doctor.examine(self._api, self._settings, now=self._context.clock)

    async def close(self) -> None:
        """Close the connections; safe twice."""
        await self._api.close()

    async def _unmerged(self, ref: str) -> TicketWire:
        """``CaseClosed`` for a merged ticket: RT would write into the one that took its place, and nobody would know why."""
        ticket = await self._api.ticket(ref)
        if str(ticket.id) != ref:
            raise CaseClosed(f"The ticket was merged into {ticket.id}.")
        return ticket

    async def _check_queue(self, name: str, *, is_route: bool) -> None:
        """RT drops values of custom fields it does not know without a word: no ticket may be made without our key."""
        if name in self._queues:
            return
        found = await self._api.queue(name)
        if found is None and is_route:
            raise MessageRejected(f"RT has no queue “{name}” that its user may see.")
        if found is None:
            raise CredentialsInvalid(f"RT has no queue “{name}” that its user may see: check queue and the rights.")
        if all(field.name != self._settings.case_field for field in found.TicketCustomFields):
            raise CredentialsInvalid(
                f"The queue “{name}” has no custom field “{self._settings.case_field}” that RT's user may see."
            )
        self._queues.add(name)

    async def _content(self, draft: EntryDraft) -> tuple[str, tuple[Enclosed, ...]]:
        """Who says what: everything is written by one user of RT, so the name stands above the words."""
        files, text = await enclose(draft, self._context.files, total_bytes=MAX_FILE_BYTES, most=MAX_FILES)
        empty = tuple(file for file in files if not file.body)  # RT refuses them
        lines = "".join(f"\n\n- {markup.escape(file.name)} (empty)" for file in empty)
        role = " (customer)" if draft.by is By.CONTACT else ""
        name = f"**{markup.escape(visible(draft.author).strip())}{role}**\n\n" if draft.author.strip() or role else ""
        html = to_html(f"{name}{visible(text)}{lines}") or "<p></p>"
        return html, tuple(file for file in files if file.body)

    async def _check_done(self, ref: str, wanted: dict[str, Any]) -> None:
        ticket = await self._api.ticket(ref)
        stands = {"Status": ticket.Status, "Queue": ticket.Queue.Name, "Owner": ticket.Owner.id}
        undone = sorted(name for name in wanted if name in stands and stands[name] != wanted[name])
        if undone:
            log.warning("rt_change_refused", ticket=ref, fields=undone)

    async def _history(self, ref: str, after: str | None) -> AsyncIterator[TransactionWire]:
        """Newest first, down to ``after``.  RT leaves out of a page what our user may not see: only an empty one is the last."""
        last, page, begun = int(after or 0), 1, False
        while found := await self._api.history(ref, page=page):
            for transaction in found:
                if int(transaction.id) <= last:
                    return
                begun = begun or (transaction.Type == "Create" and transaction.ObjectId == ref)
                yield transaction
            if begun and found[-1].Type == "Create" and len(found) < PER_PAGE:
                return
            page += 1

    async def _entry(self, transaction: TransactionWire) -> Entry:
        user = None if transaction.Creator.id == self._settings.user else await self._user(transaction.Creator.id)
        by = by_of(transaction, self._settings.user, user)
        parts = [] if by is By.OURS else await self._api.parts(transaction.id)
        body = body_of(parts)
        words = b"" if body is None else await self._api.content(body.id, limit_bytes=MAX_WORDS_BYTES)
        text = words.decode("utf-8", "replace")
        is_html = body is not None and body.ContentType.lower().startswith("text/html")
        return Entry(
            id=transaction.id,
            by=by,
            is_public=WRITTEN[transaction.Type],
            text=from_html(text) if is_html else from_plain(text),
            at=moment(transaction.Created),
            agent=agent_of(user) if by is By.AGENT and user is not None else None,
            key=key_of(transaction, self._settings.user),
            files=files_of(parts),
        )

    async def _agent(self, name: str) -> DeskAgent | None:
        user = None if name in (self._settings.user, NOBODY, "RT_System", "") else await self._user(name)
        return agent_of(user) if user is not None and str(user.Privileged) == "1" else None

    async def _user(self, name: str) -> UserWire | None:
        now = self._context.clock()
        known = self._users.get(name)
        if known is None or now - known[0] > KNOWN_FOR:
            known = self._users[name] = (now, await self._api.user(name))
        return known[1]
