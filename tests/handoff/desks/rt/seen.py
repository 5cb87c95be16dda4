"""RT's database as its people see it on RT's pages: tickets, their words and files."""

from __future__ import annotations

import base64
import quopri
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from core.markup import parse, to_text
from core.ports.helpdesk import By, CaseStatus
from handoff.kit.html import from_html
from tests.contracts.desks.backstage import SeenCase, SeenEntry

STATUSES = {
    "new": CaseStatus.OPEN,
    "open": CaseStatus.OPEN,
    "stalled": CaseStatus.PENDING,
    "resolved": CaseStatus.SOLVED,
    "rejected": CaseStatus.SOLVED,
}
URGENCIES = {0: "low", 50: "normal", 80: "high", 100: "urgent"}
NAME = re.compile(r"\A(?P<author>[^\n]*?)(?P<customer> \(customer\))?\n")

TICKETS = """
SELECT t.id, t.Subject, t.Status, t.Priority, q.Name AS queue, u.Name AS owner, v.Content AS case_key
FROM Tickets t JOIN Queues q ON q.id = t.Queue JOIN Users u ON u.id = t.Owner
JOIN ObjectCustomFieldValues v ON v.ObjectType = 'RT::Ticket' AND v.ObjectId = t.id AND v.Disabled = 0
JOIN CustomFields f ON f.id = v.CustomField AND f.Name = 'Frontdesk case'
WHERE t.EffectiveId = t.id AND t.Status != 'deleted' ORDER BY t.id
"""
WRITTEN = """
SELECT x.id, t.EffectiveId AS ticket, x.Type AS kind, u.Name AS who, u.RealName AS real_name,
       EXISTS (SELECT 1 FROM CachedGroupMembers m JOIN Groups g ON g.id = m.GroupId
               WHERE g.Domain = 'SystemInternal' AND g.Name = 'Privileged' AND m.MemberId = u.id) AS privileged
FROM Transactions x JOIN Tickets t ON t.id = x.ObjectId AND x.ObjectType = 'RT::Ticket' JOIN Users u ON u.id = x.Creator
WHERE x.Type IN ('Create', 'Correspond', 'Comment') ORDER BY x.id
"""
PARTS = "SELECT ContentType, Filename, ContentEncoding, Content FROM Attachments WHERE TransactionId = ? ORDER BY id"


@dataclass(slots=True)
class Desktop:
    """What stands in one RT's database; ``own`` is Frontdesk's user.  Words never change once written: they are kept."""

    database: Path
    own: str = "frontdesk"
    _entries: dict[int, SeenEntry] = field(default_factory=dict)

    def cases(self) -> tuple[SeenCase, ...]:
        """All tickets that are cases."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as found:
            found.row_factory = sqlite3.Row
            written: dict[int, list[SeenEntry]] = {}
            for row in found.execute(WRITTEN).fetchall():
                written.setdefault(row["ticket"], []).append(self._entry(found, row))
            return tuple(self._case(row, written.get(row["id"], [])) for row in found.execute(TICKETS).fetchall())

    def _case(self, row: sqlite3.Row, entries: list[SeenEntry]) -> SeenCase:
        return SeenCase(
            ref=str(row["id"]),
            key=row["case_key"],
            subject=row["Subject"],
            status=STATUSES[row["Status"]],
            assignee=None if row["owner"] in ("Nobody", self.own) else row["owner"],
            team=row["queue"],
            urgency=URGENCIES.get(row["Priority"], str(row["Priority"])),
            tags=frozenset(),
            entries=tuple(entries),
        )

    def _entry(self, found: sqlite3.Connection, row: sqlite3.Row) -> SeenEntry:
        if row["id"] not in self._entries:
            parts = [*found.execute(PARTS, (row["id"],))]
            html = next((_content(part).decode() for part in parts if _is_words(part)), "")
            text = to_text(parse(from_html(html)))
            by, author = self._who(row, text)
            self._entries[row["id"]] = SeenEntry(
                id=str(row["id"]),
                by=by,
                author=author,
                text=text,
                is_public=row["kind"] != "Comment",
                files={part["Filename"]: _content(part) for part in parts if part["Filename"]},
            )
        return self._entries[row["id"]]

    def _who(self, row: sqlite3.Row, text: str) -> tuple[By, str]:
        if row["who"] != self.own:
            return By.AGENT if row["privileged"] else By.OTHER, row["real_name"] or row["who"]
        named = NAME.match(text)
        is_customers = named is not None and named["customer"] is not None
        return By.CONTACT if is_customers else By.OURS, named["author"] if named else self.own


def _is_words(part: sqlite3.Row) -> bool:
    return not part["Filename"] and part["ContentType"].startswith("text/")


def _content(part: sqlite3.Row) -> bytes:
    raw = part["Content"] or b""
    body = raw.encode() if isinstance(raw, str) else raw
    match part["ContentEncoding"]:
        case "base64":
            return base64.b64decode(body)
        case "quoted-printable":
            return quopri.decodestring(body)
        case _:
            return body
