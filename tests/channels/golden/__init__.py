"""Golden snapshots: what each channel makes of the same messages.

Inputs are ``*.markdown`` beside this file (optional front matter: role, author, kind, choices, citations, attachments, repeat),
``snapshots/<kind>.txt`` is what each channel's bodies say.  ``python -m tests.channels.golden`` writes them anew and prints what
changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from core.domain import Attachment, Citation, Message, MessageKind, Role
from tests.contracts.channel_descriptor import ChannelDescriptor
from tests.contracts.channel_world import citation, message

FOLDER = Path(__file__).resolve().parent
SNAPSHOTS = FOLDER / "snapshots"
PART = "\n---\n"
LONG_PART_CHARS = 2_000


def cases() -> dict[str, Message]:
    """The messages by name."""
    return {path.stem: _case(path.read_text()) for path in sorted(FOLDER.glob("*.markdown"))}


def _case(text: str) -> Message:
    front: Mapping[str, Any] = {}
    if text.startswith("---\n"):
        head, text = text.removeprefix("---\n").split("\n---\n", 1)
        front = yaml.safe_load(head)
    return message(
        text * front.get("repeat", 1),
        role=Role(front.get("role", "bot")),
        kind=MessageKind(front.get("kind", "text")),
        author=front.get("author"),
        choices=tuple(front.get("choices", ())),
        citations=tuple(_citations(front.get("citations", ()))),
        attachments=tuple(
            Attachment(id=f"u_{number:032}", name=given["name"], media_type=given["media_type"], size_bytes=68)
            for number, given in enumerate(front.get("attachments", ()))
        ),
    )


def _citations(given: list[Mapping[str, Any]]) -> Iterator[Citation]:
    for number, source in enumerate(given, 1):
        yield citation(number, source["title"], source["url"])


def snapshot(descriptor: ChannelDescriptor) -> str:
    """All that a channel makes of the cases; long parts are told by their ends."""
    return "\n".join(f"=== {name}\n{_shown(descriptor.rendered(said))}\n" for name, said in cases().items())


def _shown(rendered: str) -> str:
    if len(rendered) <= LONG_PART_CHARS:
        return rendered
    parts = [_ends(part) for part in rendered.split(PART)]
    between = [f"[… {len(parts) - 3} parts …]"] if len(parts) > 3 else parts[2:-1]
    return PART.join([*parts[:2], *between, *parts[2:][-1:]])


def _ends(part: str) -> str:
    if len(part) <= 400:
        return part
    return f"{part[:160]}\n[… {len(part)} characters …]\n{part[-160:]}"


def path_of(descriptor: ChannelDescriptor) -> Path:
    """Where its snapshot stands."""
    return SNAPSHOTS / f"{descriptor.kind}.txt"
