"""How a message's files reach the contact: sent as files where the channel can, else as a line with a signed link.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Final

from core.domain import Attachment, Message
from core.errors import Unsupported
from core.markup import escape
from core.ports.channel import Capabilities

LINK_VALID_S: Final = 7 * 24 * 3_600
"""A contact may read the message days later; a link in a chat that is dead the next morning helps nobody."""

Link = Callable[[Attachment], str | None]


class Carriage(StrEnum):
    """What becomes of an agent's files on a channel: sent, linked, or refused."""

    SENT = "sent"
    LINKED = "linked"
    NONE = "none"


def carriage(capabilities: Capabilities, *, has_links: bool) -> Carriage:
    """What a channel does with files; ``has_links``: a public address is configured."""
    if capabilities.files_out:
        return Carriage.SENT
    return Carriage.LINKED if has_links else Carriage.NONE


def carried(message: Message, capabilities: Capabilities, link: Link) -> Message:
    """The message as its channel can take it: files it cannot send become links below the text.

    ``Unsupported`` when one of them can be neither sent nor linked: half a message would look like a whole one.
    """
    sent, linked = _divided(message.attachments, capabilities)
    if not linked:
        return message
    lines = [_line(item, link(item)) for item in linked]
    text = "\n\n".join(part for part in (message.text, "\n".join(lines)) if part)
    return replace(message, text=text, attachments=sent)


def _divided(
    files: tuple[Attachment, ...], capabilities: Capabilities
) -> tuple[tuple[Attachment, ...], tuple[Attachment, ...]]:
    """Those that go as files, and those that do not."""
    if not capabilities.files_out:
        return (), files
    largest = capabilities.max_file_bytes or max((item.size_bytes for item in files), default=0)
    fitting = [item for item in files if item.size_bytes <= largest]
    sent = tuple(fitting[: capabilities.max_attachments])
    return sent, tuple(item for item in files if item not in sent)


def _line(item: Attachment, url: str | None) -> str:
    if url is None:
        raise Unsupported("This channel cannot carry the file, and no public address is configured.")
    return f"- [{escape(item.name)}]({url})"
