"""What we tell Zendesk: new tickets, comments and changes as its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import structlog

from core.errors import MessageRejected
from core.markup import escape
from core.ports.channel import Files
from core.ports.helpdesk import By, CaseChange, CaseDraft, CaseStatus, EntryDraft
from handoff.desks.zendesk.client import Client, Wire, told
from handoff.desks.zendesk.people import People
from handoff.desks.zendesk.reading import PRIORITIES, STATUSES, WORDS
from handoff.desks.zendesk.settings import ZendeskSettings
from handoff.desks.zendesk.wire import Ticket, UploadAnswer
from handoff.kit.html import to_html

log = structlog.get_logger(__name__)

MAX_SUBJECT: Final = 150
MAX_TAG: Final = 80
KIND: Final = "zendesk"
_NO_TAG: Final = re.compile(r"[^a-z0-9_:./-]+")
_ID: Final = re.compile(r"[0-9]{1,19}")


class Writer:
    """Composes for one account; teams and agents that it does not know are left out, and the operator is told."""

    def __init__(self, settings: ZendeskSettings, client: Client, people: People, files: Files) -> None:
        self._settings = settings
        self._client = client
        self._people = people
        self._files = files

    async def ticket(self, draft: CaseDraft, *, follows: int | None) -> Wire:
        """A new ticket without requester and comment."""
        settings = self._settings
        ticket: Wire = {
            "subject": " ".join(draft.subject.split())[:MAX_SUBJECT] or draft.key,
            "external_id": draft.key,
            "priority": PRIORITIES[draft.urgency],
            "tags": list(dict.fromkeys((settings.tag, *_tags((f"channel_{draft.channel}", *draft.tags))))),
            "custom_fields": self._fields(draft),
            "brand_id": settings.brand_id,
            "ticket_form_id": settings.ticket_form_id,
            "group_id": await self._group(draft.team),
            "assignee_id": await self._assignee(draft.assignee),
            "via_followup_source_id": follows,
        }
        return {name: value for name, value in ticket.items() if value not in (None, [])}

    def _fields(self, draft: CaseDraft) -> list[Wire]:
        fields = []
        for name, value in draft.fields.items():
            number = self._settings.custom_fields.get(name, int(name) if _ID.fullmatch(name) else None)
            if number is None:
                log.warning("desk_field_unknown", desk=KIND, field=name, mend="name it in custom_fields")
            else:
                fields.append({"id": number, "value": value})
        return fields

    async def _group(self, team: str | None) -> int | None:
        found = await self._people.group_id(team) if team else None
        if team and found is None:
            log.warning("desk_team_unknown", desk=KIND, team=team, mend="name a group of the account")
        return found

    async def _assignee(self, named: str | None) -> int | None:
        found = await self._people.staff_id(named) if named else None
        if named and found is None:
            log.warning("desk_agent_unknown", desk=KIND, mend="name one agent of the account")
        return found

    async def change(self, ticket: Ticket, change: CaseChange) -> Wire:
        """What a change makes different from the ticket as it stands; empty: nothing."""
        wanted: Wire = {}
        is_done = ticket.status == "closed" and change.status is CaseStatus.SOLVED
        if change.status is not None and not is_done and STATUSES.get(ticket.status) is not change.status:
            wanted["status"] = WORDS[change.status]
        if change.urgency is not None and ticket.priority != PRIORITIES[change.urgency]:
            wanted["priority"] = PRIORITIES[change.urgency]
        group = await self._group(change.team)
        if group not in (None, ticket.group_id):
            wanted["group_id"] = group
        assignee = await self._assignee(change.assignee)
        if assignee is None and ticket.assignee_id is None and wanted.get("status") in ("solved", "closed"):
            assignee = await self._people.me()  # Zendesk solves nothing that is nobody's
        if assignee not in (None, ticket.assignee_id):
            wanted["assignee_id"] = assignee
        removed = {*_tags(change.remove_tags), *([self._settings.give_back_tag] if change.took_back else ())}
        tags = [tag for tag in ticket.tags if tag not in removed]
        tags += [tag for tag in _tags(change.add_tags) if tag not in tags]
        if tags != ticket.tags:
            wanted["tags"] = tags
        return wanted

    async def comment(self, draft: EntryDraft, author: int | None) -> Wire:
        """A comment; ``author`` is the end user whose words they are.  Uploads its files.

        It is public only when the draft says so; a private one Zendesk shows the customer nowhere and mails to nobody but agents.
        A private one is always ours: what an end user says is public by its nature.
        """
        tokens = [await self._upload(name, body) for name, body in await self._bodies(draft)]
        is_theirs = draft.by is By.CONTACT and author is not None and draft.is_public is True
        parts = ["" if is_theirs or draft.by is By.OURS else f"**{escape(draft.author)}:**", draft.text]
        parts.append("\n".join(f"- [{escape(name)}]({url})" for name, url in draft.links))
        comment: Wire = {
            "html_body": to_html("\n\n".join(part for part in parts if part)) or "<p>…</p>",
            "public": draft.is_public is True,
        }
        if is_theirs:
            comment["author_id"] = author
        if tokens:
            comment["uploads"] = tokens
        return comment

    async def _bodies(self, draft: EntryDraft) -> list[tuple[str, bytes]]:
        try:
            return [(file.name, await self._files.read(file)) for file in draft.files]
        except LookupError as error:
            raise MessageRejected("A file of the entry is no longer here.") from error

    async def _upload(self, name: str, body: bytes) -> str:
        """A file that waits for its comment; one that never comes is thrown away by Zendesk."""
        binary = {"Content-Type": "application/binary"}
        params = {"filename": name or "file"}
        answer = await self._client.call("POST", "/uploads", params=params, data=body, headers=binary)
        return told(answer, UploadAnswer).upload.token


def metadata(key: str) -> Wire:
    """What marks a change as ours."""
    return {"frontdesk": {"key": key}}


def _tags(tags: Iterable[str]) -> list[str]:
    """Words as Zendesk keeps tags: lower case, no blanks."""
    return [tag for raw in tags if (tag := _NO_TAG.sub("_", raw.lower()).strip("_")[:MAX_TAG])]
