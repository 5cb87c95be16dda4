"""Words between Slack and us; pure.

Out go Markdown texts in which nobody's words call a room or a person.  In come agents' messages in Slack's ``mrkdwn``: marks,
links, lists and emoji become our Markdown, mentions become names.  And here is the rule of what stays private.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from core.reply import Block, Break, Code, CodeBlock, Emphasis, Inline, Items, Link, Paragraph, Quote, Strong, Text
from handoff.kit.markdown import to_markdown

_BREAKER: Final = "\u200b"
_BROADCAST: Final = re.compile(r"(?<!\w)@(?=(?:channel|everyone|here)\b)", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"<(?=[!@#])")

# An agent may have put the word in bold or in a quotation: that is still the mark.
_NOTE: Final = re.compile(r"\A[\s*_~`>]*note[*_~`]*\s*[:：][*_~`]*\s*", re.IGNORECASE)
_SLASHES: Final = re.compile(r"^[ \t*_~`>•◦]*//[ \t]*", re.MULTILINE)
_COMMAND: Final = re.compile(r"\A\s*//(?=[a-z]{1,20}(?:\s|\Z))")

_FENCE: Final = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_TOKEN: Final = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<ref>[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<soft>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<struck>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)
_BULLET: Final = re.compile(r"[ \t]*[•◦▪︎‣]\s+")
_NUMBER: Final = re.compile(r"[ \t]*(\d{1,4})\.\s+")
_QUOTED: Final = re.compile(r"(?:&gt;|>)[ \t]?")
_USER: Final = re.compile(r"<@([UW][A-Z0-9]{2,30})(?:\|[^<>]*)?>")
_SHORT: Final = re.compile(r":([a-z0-9_+\-']+):(?::skin-tone-[2-6]:)?")
_LINKS: Final = ("http://", "https://", "mailto:", "tel:")


def clean(text: str) -> str:
    """The text without what no encoder or vendor takes: NUL and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def defused(text: str) -> str:
    """The text, clean, with nothing in it that would call anybody: a zero-width space breaks it apart."""
    text = clean(text)
    if "@" not in text and "<" not in text:
        return text
    return _REFERENCE.sub("<" + _BREAKER, _BROADCAST.sub("@" + _BREAKER, text))


def escaped(text: str) -> str:
    """Foreign words for ``mrkdwn`` fields and for ``text``."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def one_line(text: str, limit: int) -> str:
    """Words on one line, cut."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Said:
    """What an agent wrote: its words in ``mrkdwn`` without the mark that keeps it private."""

    text: str
    is_public: bool


def read_mark(text: str) -> Said:
    """Whether a message goes to the customer.

    Private, and whole: one that begins with ``note:``, and one with any line that begins with ``//``.  ``//send 1``, slashes at
    once followed by a word, is the command ``/send 1``.
    """
    if found := _NOTE.match(text):
        return Said(text[found.end() :], is_public=False)
    if _COMMAND.match(text):
        return Said(_COMMAND.sub("/", text), is_public=False)
    if _SLASHES.search(text):
        return Said(_SLASHES.sub("", text), is_public=False)
    return Said(text, is_public=True)


def users_in(text: str) -> frozenset[str]:
    """Ids of the people a message names."""
    return frozenset(_USER.findall(text))


def emoji_in(blocks: object) -> dict[str, str]:
    """The emoji of a message's rich text, by their names: ``text`` has only ``:tada:``, the blocks also what that is."""
    return dict(_emoji(blocks))


def _emoji(node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for each in node:
            yield from _emoji(each)
    elif isinstance(node, dict):
        if node.get("type") == "emoji" and isinstance(node.get("unicode"), str):
            try:
                yield str(node.get("name")), "".join(chr(int(point, 16)) for point in node["unicode"].split("-"))
            except (ValueError, OverflowError):
                return
        yield from _emoji(node.get("elements"))


def to_our_markdown(text: str, *, names: Mapping[str, str], emoji: Mapping[str, str]) -> str:
    """``mrkdwn`` as our Markdown; ``names`` of people by id, ``emoji`` by their short names."""
    shown = _SHORT.sub(lambda found: emoji.get(found[1], found[0]), text)
    return to_markdown(_blocks(shown, names))


def _blocks(text: str, names: Mapping[str, str]) -> tuple[Block, ...]:
    out: list[Block] = []
    at = 0
    for fence in _FENCE.finditer(text):
        out += _prose(text[at : fence.start()], names)
        out.append(CodeBlock(_plain(fence[1])))
        at = fence.end()
    return (*out, *_prose(text[at:], names))


def _kind(line: str) -> str:
    if not line.strip():
        return "gap"
    if _QUOTED.match(line):
        return "quote"
    if _BULLET.match(line):
        return "bullets"
    return "numbers" if _NUMBER.match(line) else "words"


def _prose(text: str, names: Mapping[str, str]) -> Iterator[Block]:
    for kind, group in groupby(text.split("\n"), key=_kind):
        lines = list(group)
        match kind:
            case "words":
                yield Paragraph(_lines(lines, names))
            case "quote":
                yield Quote(tuple(_prose("\n".join(_QUOTED.sub("", line, count=1) for line in lines), names)))
            case "bullets":
                yield Items(None, tuple(_item(_BULLET.sub("", line, count=1), names) for line in lines))
            case "numbers":
                first = _NUMBER.match(lines[0])
                start = int(first[1]) if first else 1
                yield Items(start, tuple(_item(_NUMBER.sub("", line, count=1), names) for line in lines))


def _item(line: str, names: Mapping[str, str]) -> tuple[Block, ...]:
    return (Paragraph(tuple(_inlines(line, names))),)


def _lines(lines: Sequence[str], names: Mapping[str, str]) -> tuple[Inline, ...]:
    out: list[Inline] = []
    for number, line in enumerate(lines):
        out += [Break()] if number else []
        out += _inlines(line.strip(), names)
    return tuple(out)


def _inlines(text: str, names: Mapping[str, str]) -> Iterator[Inline]:
    at = 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            yield Text(_plain(text[at : found.start()]))
        yield from _token(found, names)
        at = found.end()
    if at < len(text):
        yield Text(_plain(text[at:]))


def _token(found: re.Match[str], names: Mapping[str, str]) -> Iterator[Inline]:
    match found.lastgroup:
        case "code":
            yield Code(_plain(found["code"]))
        case "bold":
            yield Strong(tuple(_inlines(found["bold"], names)))
        case "soft":
            yield Emphasis(tuple(_inlines(found["soft"], names)))
        case "struck":
            yield from _inlines(found["struck"], names)
        case _:
            yield _reference(found["ref"], names)


def _reference(inner: str, names: Mapping[str, str]) -> Inline:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return Text("@" + names.get(target[1:], _plain(label) or "somebody"))
    if target.startswith("#"):
        return Text("#" + (_plain(label) or "channel"))
    if target.startswith("!"):
        return Text(_plain(label) or "@" + target[1:].partition("^")[0])
    href = _plain(target)
    if not href.lower().startswith(_LINKS):
        return Text(_plain(label) or href)
    return Link(href, (Text(_plain(label) or href.removeprefix("mailto:").removeprefix("tel:")),))


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def text_of(value: Any) -> str:
    """A field that should be text."""
    return value if isinstance(value, str) else ""
