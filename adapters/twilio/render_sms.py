"""SMS: plain text in few segments; links stand bare, files are media or links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.twilio.render import MAX_BODY, Part, parts_of, tree_of
from adapters.twilio.segments import plain_characters, segments
from core import markup
from core.domain import Message
from core.reply import Block

MAX_MEDIA: Final = 10


def render(message: Message, *, max_segments: int, mms: bool) -> list[Part]:
    """The parts of a message: texts of at most ``max_segments``, then the files together (MMS) or one by one (links)."""
    blocks = tree_of(message, with_numbers=True)
    texts = parts_of(blocks, text_of, lambda text: len(text) <= MAX_BODY and segments(text) <= max_segments)
    parts = [Part(text=text) for text in texts]
    files = message.attachments
    step = MAX_MEDIA if mms else 1
    return parts + [Part(files=files[at : at + step]) for at in range(0, len(files), step)]


def text_of(blocks: Sequence[Block]) -> str:
    """A tree as plain text in characters that phones bill least."""
    return plain_characters(markup.to_text(blocks)).strip()
