"""What a contact typed, out of what Teams makes of it: the bot's own mention taken out, entities decoded."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from adapters.teams.payloads import Entity

MAX_CHARS: Final = 20_000
_MENTION: Final = re.compile(r"<at(?:\s[^<>]*)?>([^<>]*)</at>", re.IGNORECASE)
_BREAK: Final = re.compile(r"<br\s*/?>|</(?:p|div|li|h[1-6])>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
"""Only with its semicolon: the ``&para`` in an address typed as it is stands for itself."""
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def plain(text: str, *, mentions: Sequence[Entity], bot: str, is_markup: bool) -> str:
    """The words; other people's mentions become their names."""
    for entity in mentions:
        if _is_of(entity, bot):
            text = text.replace(_marked(entity), " ")
    if "<" in text:
        text = _MENTION.sub(r"\1", text)
        if is_markup:
            text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    if not text.isascii():
        text = text.replace("\xa0", " ")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isprintable():
        text = _NOT_TEXT.sub("", text)
    return text.strip()[:MAX_CHARS]


def mentions_bot(mentions: Sequence[Entity], bot: str) -> bool:
    """Whether the bot was addressed."""
    return any(_is_of(entity, bot) for entity in mentions)


def mentions_others(mentions: Sequence[Entity], bot: str) -> bool:
    """Whether somebody else was addressed."""
    return any(entity.type == "mention" and entity.mentioned and entity.mentioned.id != bot for entity in mentions)


def _is_of(entity: Entity, bot: str) -> bool:
    return entity.type == "mention" and entity.mentioned is not None and entity.mentioned.id == bot


def _marked(entity: Entity) -> str:
    """How the mention stands in the text; some clients leave that out of the entity."""
    name = entity.mentioned.name if entity.mentioned else None
    return entity.text or f"<at>{name or ''}</at>"


def line(value: str | None, *, limit: int = 200) -> str | None:
    """A name on one line; None when there is none."""
    if not value:
        return None
    if value.isascii() and value.isprintable():
        return value.strip()[:limit] or None
    return " ".join(_NOT_TEXT.sub("", value).split())[:limit] or None
