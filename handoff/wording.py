"""A brief in words: Markdown within its bound, the transcript below it, and what a model may make of it.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from core.attached import shown
from core.conversing.prompts import language_name
from core.domain import Message, Role, Visibility
from core.guard.grounding import SENTENCE_THRESHOLD, is_comparable, score
from core.guard.links import wrong_links
from core.guard.names import names
from core.guard.plain import folded, plain
from core.handoff.assisting import BRIEF_WORDS
from core.markup import escape
from core.ports.model import ModelRequest, PromptMessage, Speaker
from core.untrusted.fence import Kind, explain, fence
from handoff.brief import Brief, Priority, shortened

LEVELS: Final = (28, 20, 14, 9, 6)
"""Words of a quote, tried from the longest until the brief fits."""

TRANSCRIPT_CHARS: Final = 12_000
SUBJECT_WORDS: Final = 12
SUBJECT_CHARS: Final = 120
_WORD: Final = re.compile(r"\S+")
_WITH_DIGIT: Final = re.compile(r"[^\s\"“”«»()\[\],;!?]*\d[^\s\"“”«»()\[\],;!?]*")

INSTRUCTIONS: Final = """\
You write the brief on top of a support case for the colleague who takes over. Say in plain English sentences: who it is, what
they want, what was tried and with what result, how they feel, and what to know. Use only the facts below; add, guess and promise
nothing. Copy names, numbers, dates and codes exactly as they stand there. At most 100 words, no list, no heading, no greeting."""


def composed(brief: Brief) -> str:
    """The brief without a model: one paragraph for each thing, at most 120 words."""
    text = ""
    for words in LEVELS:
        text = "\n\n".join(_lines(brief, words))
        if count(text) <= BRIEF_WORDS:
            return text
    return bounded(text)


def count(text: str) -> int:
    """How many words."""
    return len(text.split())


def bounded(text: str, words: int = BRIEF_WORDS) -> str:
    """The text up to so many words, its line breaks kept."""
    found = list(_WORD.finditer(text))
    return text if len(found) <= words else text[: found[words - 2].end()] + " …"


def _lines(brief: Brief, words: int) -> list[str]:
    """Foreign words are escaped: a customer's Markdown is nobody's markup at the desk."""
    known = "" if brief.is_verified else " (not verified)"
    lines = [f"**Who:** {escape(shortened(brief.who, words=words))}{known}"]
    quotes = " … ".join(f"“{escape(shortened(text, words=words))}”" for text in brief.wants)
    lines.append(f"**Wants:** {quotes or 'not said yet'}")
    if brief.tried:
        lines.append(f"**Tried:** {escape('; '.join(shortened(line, words=words) for line in brief.tried))}")
    why = brief.reason_text or "a person took over"
    soon = "" if brief.priority is Priority.NORMAL else f", {brief.priority}"
    lines.append(f"**Why here:** {why}{soon}")
    facts = [f"mood {brief.sentiment}"] if brief.sentiment else []
    facts += [f"writes {language_name(brief.language)}"] if brief.language else []
    facts += [f"{entity.kind} {escape(entity.text)}" for entity in brief.entities[: words // 3]]
    if facts:
        lines.append(f"**Know:** {', '.join(facts)}")
    if brief.cited:
        lines.append(
            f"**Shown to them:** {', '.join(source(c.title, c.url) for c in brief.cited[: max(words // 7, 1)])}"
        )
    return lines


def source(title: str, url: str | None) -> str:
    """A passage's title, as a link where there is one."""
    is_link = url is not None and url.startswith(("https://", "http://")) and not set(url) & set("<> \n")
    return f"[{escape(shortened(title, words=8))}](<{url}>)" if is_link else f"“{escape(shortened(title, words=8))}”"


def subject(brief: Brief, *, preview: str) -> str:
    """One line: who, and what they want in their own words; plain text."""
    name = shortened(brief.who.partition(" · ")[0], words=6)
    wants = brief.wants[0] if brief.wants else preview
    line = f"{name}: {shortened(wants, words=SUBJECT_WORDS)}" if wants.strip() else f"{name}: a conversation"
    return line if len(line) <= SUBJECT_CHARS else line[: SUBJECT_CHARS - 1] + "…"


def transcript(messages: Sequence[Message], *, who: str) -> str:
    """What was said for the customer's eyes, oldest first, newest kept when it is too long; times are UTC."""
    said = [m for m in messages if m.visibility is Visibility.CONTACT]
    lines = [
        f"**{escape(_speaker(m, who))}** ({m.created_at:%d %b %H:%M}): {_body(m)}"
        for m in said
        if m.text.strip() or m.attachments
    ]
    kept: list[str] = []
    room = TRANSCRIPT_CHARS
    for line in reversed(lines):
        room -= len(line) + 2
        if room < 0:
            kept.append("(earlier messages are left out here)")
            break
        kept.append(line)
    return "\n\n".join(reversed(kept))


def _body(message: Message) -> str:
    text = shown(message.text, message.attachments)
    return escape(text) if message.role is Role.CONTACT else text


def _speaker(message: Message, who: str) -> str:
    match message.role:
        case Role.CONTACT:
            return message.author or who
        case Role.AGENT:
            return message.author or "Agent"
        case Role.BOT:
            return "Assistant"
        case Role.SYSTEM:
            return "Notice"


def request(facts: str, *, company: str, nonce: str) -> ModelRequest:
    """What the fast model is asked; the facts are redacted already."""
    return ModelRequest(
        purpose="brief",
        messages=(
            PromptMessage(speaker=Speaker.SYSTEM, text=f"{INSTRUCTIONS}\nThe company: {company}.\n{explain(nonce)}"),
            PromptMessage(speaker=Speaker.CONTACT, text=fence(Kind.CONTACT, facts, name="facts", nonce=nonce)),
        ),
        max_tokens=260,
    )


def flaw(text: str, facts: str, *, allowed: str = "") -> str | None:
    """Why a model's brief may not stand on top of a case, None when it may: too long, or it says what the facts do not.

    Every figure, name and address must stand in the facts; in one language the words must be supported, too.
    """
    if not text.strip() or count(text) > BRIEF_WORDS:
        return "length"
    known = folded(f"{facts}\n{allowed}")
    for token in _WITH_DIGIT.findall(folded(text)):
        if token.strip(".:*_'`") not in known:
            return "figure"
    if any(wrong_links(text, evidence=[known], allowed=())):
        return "link"
    if any(not any(form in known for form in name.forms) for name in names(plain(text), "en")):
        return "name"
    if is_comparable(text, [facts]) and score(text, [facts]) < SENTENCE_THRESHOLD:
        return "ungrounded"
    return None
