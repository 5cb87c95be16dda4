"""What happens to tickets: one change at a time, with its audit, the triggers' mails and the events that webhooks tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gateway.lab.desks.zendesk import reading
from gateway.lab.desks.zendesk.refusals import conflict, invalid, throttled
from gateway.lab.desks.zendesk.state import Audit, Books, Comment, Happening, Person, StoredFile, Ticket, Wire

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
MAX_COMMENT = 65_536
MAX_COMMENTS = 5_000
UPDATE_SPAN = timedelta(minutes=10)
MERGED_TAG = "closed_by_merge"
_TAG = re.compile(r"[^\s]{1,}")

Tell = Callable[[Happening], None]


@dataclass(slots=True, kw_only=True)
class Said:
    """A comment to be."""

    html: str
    public: bool
    author: int
    files: Sequence[StoredFile] = ()
    rel: str | None = None


@dataclass(slots=True, kw_only=True)
class Asked:
    """A change to be: field → value; ``safe`` is the ``updated_stamp`` of a safe update."""

    actor: int
    channel: str = "web"
    fields: Wire = field(default_factory=dict)
    said: Said | None = None
    metadata: Wire = field(default_factory=dict)
    safe: str | None = None


class Changes:
    """Makes changes in one account; ``max_updates`` per ticket and user in ten minutes, None: no such limit."""

    def __init__(self, books: Books, tell: Tell, *, max_updates: int | None = 30) -> None:
        self._books = books
        self._tell = tell
        self.max_updates = max_updates

    def create(self, ticket: Ticket, asked: Asked) -> Audit:
        """Open a ticket."""
        self._check(ticket, asked)
        self._books.tickets[ticket.id] = ticket
        self._set(ticket, asked.fields)
        audit = self._audit(ticket, asked, [{"type": "Create", "field_name": "subject", "value": ticket.subject}])
        self._tell(Happening(ticket=ticket, name="created", actor=self._books.people[asked.actor]))
        self._mail(ticket, audit, "Create")
        return audit

    def update(self, ticket: Ticket, asked: Asked) -> Audit:
        """Change a ticket."""
        self._check(ticket, asked)
        before = {name: getattr(ticket, name) for name in ("status", "assignee", "group", "priority")} | {
            "tags": [*ticket.tags]
        }
        self._set(ticket, asked.fields)
        if ticket.status == "new" and (
            ticket.assignee is not None or (asked.said is not None and self._is_staff(asked.actor, asked))
        ):
            ticket.status = "open"
        changed = {name: old for name, old in before.items() if getattr(ticket, name) != old}
        events = [
            {
                "type": "Change",
                "field_name": _WIRE.get(name, name),
                "value": getattr(ticket, name),
                "previous_value": old,
            }
            for name, old in changed.items()
        ]
        audit = self._audit(ticket, asked, events)
        self._tell_changes(ticket, changed, self._books.people[asked.actor])
        self._mail(ticket, audit, "Change")
        return audit

    def merge(self, ticket: Ticket, into: Ticket, actor: int) -> None:
        """An agent merges a ticket into another, with the two comments that this leaves; from memory, see the desk's page."""
        people = self._books.people
        there = f'Request #{ticket.id} "{ticket.subject}" was closed and merged into this request.'
        here = f'This request was closed and merged into request #{into.id} "{into.subject}".'
        self.update(
            into, Asked(actor=actor, said=Said(html=reading.typed(there), public=False, author=actor, rel="merge"))
        )
        said = Said(html=reading.typed(here), public=False, author=actor, rel="merge")
        fields = {"status": "closed", "tags": [*ticket.tags, MERGED_TAG], "assignee_id": ticket.assignee or actor}
        self.update(ticket, Asked(actor=actor, fields=fields, said=said))
        event = {"target_ticket_id": str(into.id)}
        self._tell(Happening(ticket=ticket, name="merged", actor=people[actor], event=event))

    def delete(self, ticket: Ticket, actor: int) -> None:
        """An agent deletes a ticket."""
        ticket.is_deleted = True
        self._touch(ticket)
        self._tell(Happening(ticket=ticket, name="soft_deleted", actor=self._books.people[actor]))

    def _check(self, ticket: Ticket, asked: Asked) -> None:
        fields, said = asked.fields, asked.said
        if ticket.status == "closed":
            raise invalid("status", "Status: closed prevents ticket update")
        if asked.safe is not None and asked.safe != ticket.stamp:
            raise conflict()
        if asked.channel == "api":
            self._limit(ticket, asked.actor)
        if fields.get("status", ticket.status) not in STATUSES:
            raise invalid("status", "Status: is not valid")
        if fields.get("priority", "low") not in PRIORITIES:
            raise invalid("priority", "Priority: is not valid")
        assignee = fields.get("assignee_id", ticket.assignee)
        if fields.get("status") == "solved" and assignee is None:
            raise invalid("assignee", "Assignee: is required when solving a ticket", "BlankValue")
        if assignee is not None and self._books.people[assignee].role == "end-user":
            raise invalid("assignee", "Assignee: is not an agent")
        if said is not None:
            self._check_comment(ticket, said)

    def _check_comment(self, ticket: Ticket, said: Said) -> None:
        if said.author not in self._books.people:
            raise invalid("author", "Author: is invalid", "InvalidValue")
        if len(said.html.encode()) > MAX_COMMENT:
            raise invalid("comment", "Comment: is too long (maximum is 65536 characters)")
        if not said.html.strip():
            raise invalid("comment", "Comment: cannot be blank", "BlankValue")
        if len(ticket.comments) >= MAX_COMMENTS:
            raise invalid("comment", "Ticket has reached the limit of 5000 comments")

    def _limit(self, ticket: Ticket, actor: int) -> None:
        if self.max_updates is None:
            return
        now = self._books.clock()
        recent = [one.at for one in ticket.audits if one.author == actor and now - one.at < UPDATE_SPAN]
        if len(recent) >= self.max_updates:
            raise throttled((min(recent) + UPDATE_SPAN - now).total_seconds() + 1)

    def _set(self, ticket: Ticket, fields: Wire) -> None:
        ticket.status = fields.get("status", ticket.status)
        ticket.priority = fields.get("priority", ticket.priority)
        ticket.assignee = fields.get("assignee_id", ticket.assignee)
        ticket.group = fields.get("group_id", ticket.group)
        ticket.custom = fields.get("custom_fields", ticket.custom)
        if "tags" in fields:
            ticket.tags = list(dict.fromkeys(tag.lower() for tag in fields["tags"] if _TAG.fullmatch(tag)))

    def _audit(self, ticket: Ticket, asked: Asked, events: list[Wire]) -> Audit:
        books, said = self._books, asked.said
        audit = Audit(
            id=books.new_id(),
            author=asked.actor,
            at=books.clock(),
            events=[{"id": books.new_id(), **event} for event in events],
            metadata={"system": {"client": "Frontdesk lab"}, "custom": asked.metadata},
            channel=asked.channel,
        )
        comment = self._comment(audit, asked) if said is not None else None
        if comment is not None:
            ticket.comments.append(comment)
            audit.events.insert(
                0, {"id": comment.id, "type": "Comment", "author_id": comment.author, "public": comment.public}
            )
        ticket.audits.append(audit)
        self._touch(ticket)
        if comment is not None:
            self._tell(Happening(ticket=ticket, name="comment_added", actor=books.people[asked.actor], comment=comment))
        return audit

    def _comment(self, audit: Audit, asked: Asked) -> Comment:
        said = asked.said
        if said is None:
            raise ValueError("no comment")
        return Comment(
            id=self._books.new_id(),
            audit=audit.id,
            author=said.author,
            html=said.html,
            plain=reading.plain(said.html),
            public=said.public,
            at=audit.at,
            files=tuple(said.files),
            channel=asked.channel,
            rel=said.rel,
        )

    def _touch(self, ticket: Ticket) -> None:
        ticket.updated = self._books.clock()
        ticket.revision += 1

    def _is_staff(self, actor: int, asked: Asked) -> bool:
        said = asked.said
        return (
            self._books.people[actor].role != "end-user" and said is not None and said.public and said.author == actor
        )

    def _tell_changes(self, ticket: Ticket, changed: Wire, actor: Person) -> None:
        if "status" in changed:
            event = {"current": ticket.status.upper(), "previous": changed["status"].upper()}
            self._tell(Happening(ticket=ticket, name="status_changed", actor=actor, event=event))
        if "assignee" in changed:
            event = {"current": str(ticket.assignee or ""), "previous": str(changed["assignee"] or "")}
            self._tell(Happening(ticket=ticket, name="agent_assignment_changed", actor=actor, event=event))
        if "tags" in changed:
            added = [tag for tag in ticket.tags if tag not in changed["tags"]]
            removed = [tag for tag in changed["tags"] if tag not in ticket.tags]
            event = {"tags_added": added, "tags_removed": removed}
            self._tell(Happening(ticket=ticket, name="tags_changed", actor=actor, event=event))

    def _mail(self, ticket: Ticket, audit: Audit, kind: str) -> None:
        """The active triggers that write to the requester; users without an address get none."""
        said = next((comment for comment in ticket.comments if comment.audit == audit.id), None)
        requester = self._books.people[ticket.requester]
        if said is None or not said.public or audit.author == ticket.requester or not requester.email:
            return
        for trigger in self._books.triggers:
            if trigger["active"] and all(_holds(each, ticket, kind) for each in trigger["conditions"]["all"]):
                ticket.mails.append(said.plain)


_WIRE = {"assignee": "assignee_id", "group": "group_id"}


def _holds(condition: Wire, ticket: Ticket, kind: str) -> Any:
    match condition["field"]:
        case "update_type":
            return condition["value"] == kind
        case "current_tags":
            has = any(tag in ticket.tags for tag in str(condition["value"]).split())
            return has if condition["operator"] == "includes" else not has
    return True
