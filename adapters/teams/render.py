"""Message → activities, in order; pure.

A reply of the bot carries the AI label, its citations (``[n]`` in the text is position n) and the feedback buttons.  Pictures
and cards (quick replies, ratings) are activities of their own: Teams makes several messages of one with text and attachments, and
then names none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from adapters.shared.plain import defused
from adapters.shared.sources import source_lines
from adapters.shared.splitting import split, utf16_len
from adapters.shared.walk import inlines
from adapters.teams.cards import choices_card, rating_card
from adapters.teams.markdown import escaped, markdown, target
from core import markup
from core.domain import Attachment, Citation, Message, MessageKind, Role
from core.reply import Block, Mark

Activity = dict[str, Any]

PART_UNITS: Final = 12_000
"""UTF-16 units of text in one message.  Teams takes about 100 KB with cards and citations and advises 80 (checked 2026-11-21)."""
BODY_BYTES: Final = 80_000
MAX_CITATIONS: Final = 10
MAX_SOURCES: Final = 25
MAX_QUOTE_CHARS: Final = 480
MAX_NAME_CHARS: Final = 80
MAX_ADDRESS_CHARS: Final = 1_000
PICTURES: Final = ("image/png", "image/jpeg", "image/gif")
MAX_PICTURE_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the bot's replies are marked, and in which language its own buttons are."""

    ai_label: bool
    feedback: bool
    language: str | None = None


def render(message: Message, *, links: Mapping[str, str], look: Look) -> list[Activity]:
    """The activities of a message; ``links`` are the addresses of its attachments by id."""
    parts = split(tree_of(message), _fits)
    activities = [_part(message, part, look) for part in parts] or [_text_activity("")]
    if message.role is Role.AGENT and message.author:
        lead = f"**{escaped(message.author)}**"
        activities[0]["text"] = "\n\n".join(part for part in (lead, activities[0]["text"]) if part)
    _close(activities[-1], message, links)
    pictures = [_enclosing(_picture(item, links[item.id])) for item in message.attachments if _is_picture(item)]
    card = _card_of(message, look)
    spoken = [activity for activity in activities if activity["text"]]
    return [*spoken, *pictures, *([_enclosing(card)] if card is not None else [])]


def tree_of(message: Message) -> tuple[Block, ...]:
    """Bot and agent write Markdown; the house's own notices are plain text."""
    is_markdown = message.role in (Role.BOT, Role.AGENT)
    return markup.parse(message.text) if is_markdown else markup.parse_plain(message.text)


def growing(text: str) -> str:
    """A reply that is still being written, as far as what follows cannot change how it looks."""
    return markdown(markup.parse(_settled(text)))


def _settled(text: str) -> str:
    """Without a code block that is still open and without table rows at the end: both look different once they are whole."""
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if line.lstrip().startswith(("```", "~~~"))]
    if len(fences) % 2:
        lines = lines[: fences[-1]]
    while lines and (lines[-1].lstrip().startswith("|") or not lines[-1].strip()):
        lines.pop()
    return "\n".join(lines)


def is_showable(text: str) -> bool:
    """Whether a growing reply still is one message."""
    return utf16_len(text) <= PART_UNITS


def _fits(blocks: tuple[Block, ...]) -> bool:
    return utf16_len(markdown(blocks)) <= PART_UNITS


def plain_activity(text: str, look: Look) -> Activity:
    """A reply of the bot that was broken off: labelled, but nothing to rate."""
    activity = _text_activity(text)
    _label(activity, (), look)
    return activity


def _text_activity(text: str) -> Activity:
    return {"type": "message", "textFormat": "markdown", "text": text}


def _part(message: Message, blocks: tuple[Block, ...], look: Look) -> Activity:
    activity = _text_activity(markdown(blocks))
    if message.role is not Role.BOT:
        return activity
    marks = {node.number for node in inlines(blocks) if isinstance(node, Mark)}
    _label(activity, [citation for citation in message.citations if citation.number in marks], look)
    if look.feedback and message.kind is MessageKind.TEXT:
        activity["channelData"] = {"feedbackLoop": {"type": "default"}}
    return activity


def _label(activity: Activity, citations: Sequence[Citation], look: Look) -> None:
    claims = _claims(citations)
    if not claims and not look.ai_label:
        return
    entity: dict[str, Any] = {
        "type": "https://schema.org/Message",
        "@type": "Message",
        "@context": "https://schema.org",
        "@id": "",
    }
    if look.ai_label:
        entity["additionalType"] = ["AIGeneratedContent"]
    if claims:
        entity["citation"] = claims
    activity["entities"] = [entity]


def _claims(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    quotes: dict[int, str] = {}
    for citation in citations:
        quotes.setdefault(citation.number, " ".join(citation.quote.split()))
    claims = []
    for number, title, url in source_lines(citations)[:MAX_CITATIONS]:
        document = {"@type": "DigitalDocument", "name": _cut(_harmless(title), MAX_NAME_CHARS)}
        if url is not None and len(url) <= MAX_ADDRESS_CHARS:
            document["url"] = url
        # The vendor requires words here.
        document["abstract"] = _cut(_harmless(quotes[number] or title), MAX_QUOTE_CHARS)
        claims.append({"@type": "Claim", "position": number, "appearance": document})
    return claims


def _harmless(text: str) -> str:
    """Words from a source for a place where the vendor may or may not read Markdown."""
    return defused(text).replace("](", "] (")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _is_picture(item: Attachment) -> bool:
    return item.media_type in PICTURES and 0 < item.size_bytes <= MAX_PICTURE_BYTES


def _picture(item: Attachment, link: str) -> dict[str, Any]:
    return {"contentType": item.media_type, "contentUrl": link, "name": item.name}


def _card_of(message: Message, look: Look) -> dict[str, Any] | None:
    if message.kind is MessageKind.CSAT_REQUEST:
        return rating_card()
    if message.choices or message.proposal is not None:
        return choices_card(message.choices, offers_person=message.proposal is not None, language=look.language)
    return None


def _enclosing(item: dict[str, Any]) -> Activity:
    return {"type": "message", "attachments": [item]}


def _file_line(item: Attachment, link: str) -> str:
    return f"- [{escaped(item.name)}]({target(link)})"


def _close(activity: Activity, message: Message, links: Mapping[str, str]) -> None:
    """Files, and sources beyond what the vendor shows by itself, stand below the text; citations give way in too large a body."""
    sources = [
        _source_line(number, title, url)
        for number, title, url in source_lines(message.citations)[MAX_CITATIONS:MAX_SOURCES]
    ]
    files = [_file_line(item, links[item.id]) for item in message.attachments if not _is_picture(item)]
    below = ("<br>".join(sources), "\n".join(files))
    activity["text"] = "\n\n".join(part for part in (activity["text"], *below) if part)
    if size_bytes(activity) > BODY_BYTES:
        for entity in activity.get("entities", ()):
            entity.pop("citation", None)


def _source_line(number: int, title: str, url: str | None) -> str:
    words = escaped(title)
    return f"[{number}] " + (f"[{words}]({target(url)})" if url and len(url) <= MAX_ADDRESS_CHARS else words)


def size_bytes(activity: Activity) -> int:
    """How the vendor measures a message: its JSON in UTF-16."""
    return 2 * utf16_len(msgspec.json.encode(activity).decode())
