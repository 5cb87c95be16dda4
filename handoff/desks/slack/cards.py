"""What stands at Slack: a case's first message (the card, with its state and buttons) and the entries below it; pure.

Both carry their key and, privately to apps, their facts in Slack's message metadata: Slack has no cases, so the card *is* the
case.  Limits are those of the Web API, checked 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from core.ports.helpdesk import By, CaseChange, CaseDraft, CaseStatus, CaseWish, EntryDraft
from handoff.desks.slack.words import defused, escaped, one_line

Wire = dict[str, Any]
FactsT = TypeVar("FactsT", bound=msgspec.Struct)

CASE: Final = "frontdesk_case"
ENTRY: Final = "frontdesk_entry"
HINT: Final = "frontdesk_hint"

MAX_TEXT: Final = 9_000
"""A message's blocks may have some 13 200 characters together, a markdown block 12 000; the card needs some for itself."""
MAX_LINE: Final = 500
MAX_FIELDS: Final = 1_000
MAX_ELEMENTS: Final = 10
MAX_FALLBACK: Final = 3_000
MAX_NAME: Final = 200
MAX_FACT: Final = 300
MAX_TAGS: Final = 20
NOBODY: Final = "A customer"

STATE_BLOCK: Final = "fd_state"
BUTTONS_BLOCK: Final = "fd_buttons"
ACTIONS: Final[Mapping[str, CaseWish]] = {
    "fd_claim": CaseWish.CLAIM,
    "fd_give_back": CaseWish.GIVE_BACK,
    "fd_resolve": CaseWish.RESOLVE,
}
RULE: Final = (
    "*Write in this thread and the customer reads it.* To keep a message among you, begin it with `note:`, or a line of it "
    "with `//`. Commands work in such notes: `note: /help`."
)
STATUS_WORDS: Final[Mapping[CaseStatus, str]] = {
    CaseStatus.OPEN: "🟢 open",
    CaseStatus.PENDING: "🤖 with the bot, or waiting for the customer",
    CaseStatus.SOLVED: "✅ resolved",
    CaseStatus.CLOSED: "✅ closed",
}


_USER_ID: Final = re.compile(r"[UW][A-Z0-9]{2,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A pressed button."""

    id: str
    wish: CaseWish
    user: str


class CaseFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the metadata of a card says.

    ``opening`` is the key of the entry that stands in the card itself, ``changed_by`` the person who last claimed, gave back or
    resolved.  ``seen`` are the reactions (name and person) that the other facts tell of already.
    """

    key: str
    opening: str = ""
    status: CaseStatus = CaseStatus.OPEN
    urgency: str = "normal"
    team: str = ""
    assignee: str = ""
    tags: str = ""
    changed_by: str = ""
    seen: str = ""

    def tag_set(self) -> frozenset[str]:
        """The tags apart."""
        return frozenset(self.tags.split("\n")) - {""}

    def changed(self, change: CaseChange) -> CaseFacts:
        """After a change."""
        tags = (self.tag_set() | set(change.add_tags)) - set(change.remove_tags)
        return msgspec.structs.replace(
            self,
            status=change.status or self.status,
            urgency=str(change.urgency or self.urgency),
            team=one_line(change.team, MAX_FACT) if change.team is not None else self.team,
            assignee=change.assignee if change.assignee is not None else self.assignee,
            tags=_joined(tags),
        )

    def pressed(self, press: Press) -> CaseFacts:
        """After a button."""
        match press.wish:
            case CaseWish.CLAIM:
                return msgspec.structs.replace(self, status=CaseStatus.OPEN, assignee=press.user, changed_by=press.user)
            case CaseWish.GIVE_BACK:
                return msgspec.structs.replace(self, status=CaseStatus.PENDING, assignee="", changed_by=press.user)
            case CaseWish.RESOLVE:
                return msgspec.structs.replace(self, status=CaseStatus.SOLVED, changed_by=press.user)

    def reacted(self, reactions: frozenset[tuple[str, str]], *, claims: str | None, resolves: str | None) -> CaseFacts:
        """With what people's reactions on the card say: (emoji, person) of all that stand there now."""
        marks = {(name, user) for name, user in reactions if name in (claims, resolves)}
        known = {(name, user) for name, _, user in (line.partition(" ") for line in self.seen.split("\n")) if name}
        facts = msgspec.structs.replace(self, seen="\n".join(f"{name} {user}" for name, user in sorted(marks)))
        for name, user in sorted(marks - known):
            facts = facts.pressed(Press(id="", wish=CaseWish.CLAIM if name == claims else CaseWish.RESOLVE, user=user))
        was_resolved = any(name == resolves for name, _ in known)
        if was_resolved and not any(name == resolves for name, _ in marks) and facts.status is CaseStatus.SOLVED:
            facts = msgspec.structs.replace(facts, status=CaseStatus.OPEN)
        return facts


class EntryFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the metadata of an entry says."""

    key: str
    by: By
    author: str = ""
    is_public: bool = False


def _joined(tags: Sequence[str] | set[str] | frozenset[str]) -> str:
    return "\n".join(sorted(one_line(tag, 80) for tag in tags)[:MAX_TAGS])


def case_facts(draft: CaseDraft) -> CaseFacts:
    """A new case's facts."""
    return CaseFacts(
        key=draft.key,
        opening=draft.opening.key,
        urgency=draft.urgency.value,
        team=one_line(draft.team or "", MAX_FACT),
        assignee=draft.assignee or "",
        tags=_joined(draft.tags),
    )


def metadata(event_type: str, facts: msgspec.Struct) -> Wire:
    """Metadata as Slack takes it: flat."""
    return {"event_type": event_type, "event_payload": msgspec.to_builtins(facts)}


def read_case(message: Mapping[str, Any]) -> CaseFacts | None:
    """The facts of a card; None when the message is none of ours."""
    return _read(message, CASE, CaseFacts)


def reactions_of(message: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Who put which emoji on a message."""
    given = message.get("reactions")
    found = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return frozenset((str(each.get("name")), str(user)) for each in found for user in each.get("users") or ())


def read_entry(message: Mapping[str, Any]) -> EntryFacts | None:
    """The facts of an entry; None when the message is none of ours."""
    return _read(message, ENTRY, EntryFacts)


def is_hint(message: Mapping[str, Any]) -> bool:
    """Whether it is the rule, told once more below the card."""
    told = message.get("metadata")
    return isinstance(told, dict) and told.get("event_type") == HINT


def _read(message: Mapping[str, Any], event_type: str, kind: type[FactsT]) -> FactsT | None:
    told = message.get("metadata")
    if not isinstance(told, dict) or told.get("event_type") != event_type:
        return None
    try:
        return msgspec.convert(told.get("event_payload"), kind)
    except msgspec.ValidationError:
        return None


def card(draft: CaseDraft, facts: CaseFacts) -> Wire:
    """The first message of a case."""
    who = [f"👤 {_bold(draft.contact.name or NOBODY)}", f"on {escaped(draft.channel)}"]
    who += [escaped(one_line(draft.contact.email, MAX_NAME))] if draft.contact.email else []
    who += ["✔︎ verified"] if draft.contact.verified else []
    who += [f"language {escaped(draft.language)}"] if draft.language else []
    lines = [f"*{name}:* {escaped(one_line(value, MAX_FACT))}" for name, value in _fields(draft)]
    blocks: list[Wire] = [
        _section("*" + escaped(defused(one_line(draft.subject, MAX_FACT))).replace("*", "∗") + "*"),
        _context(" · ".join(who)),
        *([_context("\n".join(lines), most=MAX_FIELDS)] if lines else []),
        *_said(draft.opening),
        _context(RULE),
        state_block(facts),
        buttons_block(),
    ]
    text = f"{draft.contact.name or NOBODY}: {draft.subject}"
    return {"text": plain(text), "blocks": blocks, "metadata": metadata(CASE, facts)}


def _fields(draft: CaseDraft) -> list[tuple[str, str]]:
    fields = [(one_line(escaped(name), 80), value) for name, value in list(draft.fields.items())[:8]]
    return [*fields, ("Goes on from", draft.follows)] if draft.follows else fields


def changed_card(message: Mapping[str, Any], facts: CaseFacts) -> Wire:
    """The same card with other facts; what else stands in it stays as Slack tells it."""
    blocks = [each for each in message.get("blocks") or () if isinstance(each, dict)]
    kept = [each for each in blocks if each.get("block_id") not in (STATE_BLOCK, BUTTONS_BLOCK)]
    return {
        "text": str(message.get("text") or "A case"),
        "blocks": [*kept, state_block(facts), buttons_block()],
        "metadata": metadata(CASE, facts),
    }


def state_block(facts: CaseFacts) -> Wire:
    """The line that says how the case stands."""
    parts = [STATUS_WORDS[facts.status]]
    parts += [f"with {_person(facts.assignee)}"] if facts.assignee else ["nobody has it yet"]
    parts += [f"team {escaped(facts.team)}"] if facts.team else []
    parts += [f"*{facts.urgency}*"] if facts.urgency in ("high", "urgent") else [facts.urgency]
    parts += [escaped(", ".join(sorted(facts.tag_set())))] if facts.tags else []
    return _context(" · ".join(parts)) | {"block_id": STATE_BLOCK}


def buttons_block() -> Wire:
    """Claim, give back, resolve."""
    buttons = [
        _button("fd_claim", "Claim", style="primary"),
        _button("fd_give_back", "Give back to the bot"),
        _button("fd_resolve", "Resolve"),
    ]
    return {"type": "actions", "block_id": BUTTONS_BLOCK, "elements": buttons}


def entry(draft: EntryDraft) -> Wire:
    """An entry in the thread."""
    facts = EntryFacts(key=draft.key, by=draft.by, author=one_line(draft.author, MAX_NAME), is_public=draft.is_public)
    return {**_body(facts, draft.text, draft), "metadata": metadata(ENTRY, facts)}


def edited_entry(facts: EntryFacts, text: str) -> Wire:
    """An entry of ours with other words."""
    return {**_body(facts, text, None), "metadata": metadata(ENTRY, facts)}


def hint() -> Wire:
    """The rule, below the card."""
    told = {"event_type": HINT, "event_payload": {}}
    return {"text": RULE, "blocks": [_context(RULE)], "metadata": told}


def _body(facts: EntryFacts, text: str, draft: EntryDraft | None) -> Wire:
    """The line that says whose words these are, then the words."""
    author = _bold(facts.author or "Frontdesk")
    if not facts.is_public:
        lead = f"🔒 Private · {author}"
    elif facts.by is By.CONTACT:
        lead = f"👤 {author}"
    else:
        lead = f"➡️ {author} to the customer"
    blocks = [_context(lead), *_words(text)]
    blocks += _links(draft.links) if draft is not None else []
    return {"text": plain(f"{facts.author}: {text}" if text else facts.author), "blocks": blocks}


def _said(opening: EntryDraft) -> list[Wire]:
    return [*_words(opening.text), *_links(opening.links)]


def _links(links: Sequence[tuple[str, str]]) -> list[Wire]:
    """Files that do not come along, ten to a block."""
    elements = [{"type": "mrkdwn", "text": f"📎 {_link(name, address)}"} for name, address in links]
    starts = range(0, len(elements), MAX_ELEMENTS)
    return [{"type": "context", "elements": elements[start : start + MAX_ELEMENTS]} for start in starts]


def _words(text: str) -> list[Wire]:
    return [{"type": "markdown", "text": defused(text)}] if text.strip() else []


def _person(assignee: str) -> str:
    return f"<@{assignee}>" if _USER_ID.fullmatch(assignee) else escaped(defused(one_line(assignee, MAX_NAME)))


def _link(name: str, address: str) -> str:
    words = escaped(defused(one_line(name, MAX_NAME))).replace("|", "/")
    return f"<{escaped(address).replace('|', '%7C')}|{words}>"


def _bold(name: str) -> str:
    return f"*{escaped(defused(one_line(name, MAX_NAME))).replace('*', '∗')}*"


def _section(mrkdwn: str) -> Wire:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}}


def _context(mrkdwn: str, *, most: int = MAX_LINE) -> Wire:
    cut = mrkdwn if len(mrkdwn) <= most else mrkdwn[: most - 1] + "…"
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut}]}


def _button(action_id: str, label: str, **more: str) -> Wire:
    words = {"type": "plain_text", "text": label, "emoji": False}
    return {"type": "button", "action_id": action_id, "text": words, "value": action_id, **more}


def plain(text: str) -> str:
    """Words as a message's ``text``, which notifications and screen readers say."""
    cut = text if len(text) <= MAX_FALLBACK else text[: MAX_FALLBACK - 1] + "…"
    return escaped(defused(cut)) or "…"
