"""The feature matrix, channel by ability, printed from what the plugs declare: ``python -m adapters.matrix [--write]``.

``--write`` puts it between the marks of docs/channels/README.md.  The ChannelContract holds the declarations to the code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from adapters import AnyChannelPlugin
from adapters.discovery import channel_plugins
from core.ports.channel import Capabilities, Choices, Receipts

DOCS: Final = Path(__file__).resolve().parents[1] / "docs" / "channels"
PAGE: Final = DOCS / "README.md"
BEGIN, END = "<!-- matrix: written by python -m adapters.matrix --write -->", "<!-- end of matrix -->"
_BETWEEN: Final = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)

YES, NO = "yes", "–"
RECEIPTS: Final[Mapping[Receipts, str]] = {
    Receipts.ACCEPTED: "accepted",
    Receipts.DELIVERED: "delivered",
    Receipts.READ: "delivered, read",
}


def _flag(name: str) -> Callable[[Capabilities], str]:
    return lambda can: YES if getattr(can, name) else NO


def _choices(can: Capabilities) -> str:
    if not can.max_choices:
        return NO
    return f"{can.max_choices} {'buttons' if can.choices is Choices.BUTTONS else 'numbered'}"


def _window(seconds: int | None) -> str:
    if seconds is None:
        return "always"
    hours, rest = divmod(seconds, 3_600)
    return f"{hours} h" if not rest else f"{hours} h {rest // 60} min"


def _streams(can: Capabilities) -> str:
    if not can.streams:
        return NO
    return f"every {can.preview_every_s:g} s" if can.preview_every_s else YES


def _size(can: Capabilities) -> str:
    if can.max_file_bytes:
        return f"{can.max_file_bytes / 1_048_576:.0f} MB"
    return "as configured" if can.files_in or can.files_out else NO


Row = tuple[str, str, tuple[str, ...], Callable[[Capabilities], str]]
ROWS: Final[tuple[Row, ...]] = (
    ("What contacts can do", "write in a thread", ("threads",), _flag("threads")),
    ("What contacts can do", "address us in a shared room", ("groups",), _flag("groups")),
    ("What contacts can do", "send files", ("files_in",), _flag("files_in")),
    ("What contacts can do", "send voice notes", ("voice_in",), _flag("voice_in")),
    ("What contacts can do", "edit a message", ("edits",), _flag("edits")),
    ("What contacts can do", "delete a message", ("deletes",), _flag("deletes")),
    ("What contacts can do", "rate a reply by a reaction", ("reactions",), _flag("reactions")),
    ("What contacts can do", "stop a reply while it is written", ("stops",), _flag("stops")),
    ("What contacts can do", "link their identity", ("links",), _flag("links")),
    ("What we can do", "show a reply while it grows", ("streams", "preview_every_s"), _streams),
    ("What we can do", "show typing", ("typing",), _flag("typing")),
    ("What we can do", "offer quick replies", ("max_choices", "choices"), _choices),
    ("What we can do", "send files", ("files_out",), _flag("files_out")),
    ("What we can do", "files a message", ("max_attachments",), lambda can: str(can.max_attachments or NO)),
    ("What we can do", "largest file", ("max_file_bytes",), _size),
    ("What we can do", "characters a message (longer is split)", ("max_text",), lambda can: f"{can.max_text:,}"),
    ("What we can do", "write back", ("reply_window_s",), lambda can: _window(can.reply_window_s)),
    ("What the vendor tells", "about a sent message", ("receipts",), lambda can: RECEIPTS[can.receipts]),
    ("What the vendor tells", "whether a message is there, after a lost answer", ("reconciles",), _flag("reconciles")),
    ("Pace", "messages within this become one turn", ("debounce_ms",), lambda can: f"{can.debounce_ms} ms"),
)
"""Group, ability, the fields of ``Capabilities`` it is read from, and how it is said."""


def matrix(plugins: Sequence[AnyChannelPlugin]) -> str:
    """The tables, one for each group of abilities."""
    out: list[str] = []
    group = ""
    for heading, ability, _, said in ROWS:
        if heading != group:
            group = heading
            out += ["", f"| {heading} | " + " | ".join(_name(plugin) for plugin in plugins) + " |"]
            out.append("| --- " * (len(plugins) + 1) + "|")
        out.append(f"| {ability} | " + " | ".join(said(plugin.capabilities) for plugin in plugins) + " |")
    return "\n".join(out[1:])


def _name(plugin: AnyChannelPlugin) -> str:
    """The kind, leading to its set-up page where there is one, else to its folder's page."""
    folder = plugin.settings.__module__.split(".")[1]
    for page in (f"{folder}.md", f"../../adapters/{folder}/README.md"):
        if (DOCS / page).exists():
            return f"[{plugin.kind}]({page})"
    return plugin.kind


def written(page: str, plugins: Sequence[AnyChannelPlugin]) -> str:
    """The page with the matrix of these plugs in it."""
    return _BETWEEN.sub(lambda _: f"{BEGIN}\n{matrix(plugins)}\n{END}", page)


def main(arguments: Sequence[str]) -> None:
    """Print the matrix, or write it into the page."""
    plugins = tuple(channel_plugins().values())
    if "--write" in arguments:
        PAGE.write_text(written(PAGE.read_text(), plugins))
    else:
        sys.stdout.write(matrix(plugins) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
