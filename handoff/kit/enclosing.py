"""The files of an entry: which go along as bytes, and what stands in its text for those that cannot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import aiohttp

from core import markup
from core.domain import Attachment
from core.ports.channel import Files
from core.ports.helpdesk import EntryDraft
from core.untrusted.visible import visible

LINK_VALID_S: Final = 7 * 86_400
"""An agent may read a case a week later."""

_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x1f\x7f\"\\/]")
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A file that goes along."""

    name: str
    media_type: str
    body: bytes


async def enclose(
    draft: EntryDraft, files: Files, *, total_bytes: int, most: int = 10
) -> tuple[tuple[Enclosed, ...], str]:
    """The files that go along, together at most ``total_bytes``, and the draft's Markdown with a line for every other one.

    The text is without what no database takes: controls, lone surrogates.
    """
    going: list[Enclosed] = []
    lines = [f"[{markup.escape(name)}](<{address}>)" for name, address in draft.links]
    left = total_bytes
    for attachment in draft.files:
        body = await _read(files, attachment)
        if body is not None and len(body) <= left and len(going) < most:
            going.append(_enclosed(attachment, body))
            left -= len(body)
        else:
            lines.append(_line(files, attachment, is_there=body is not None))
    told = (visible(draft.text), "\n".join(f"- {line}" for line in lines))
    return tuple(going), "\n\n".join(part for part in told if part)


def form_of(fields: Iterable[tuple[str, str]], files: Sequence[Enclosed], *, field: str) -> aiohttp.FormData:
    """A multipart form as browsers make it: names as they are, in UTF-8."""
    form = aiohttp.FormData(quote_fields=False)
    for name, value in fields:
        form.add_field(name, value, content_type="text/plain; charset=utf-8")
    for file in files:
        form.add_field(field, BytesIO(file.body), filename=file.name, content_type=file.media_type)
    return form


def flat(body: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """A JSON object as form fields with brackets (``custom_fields[x]``, ``tags[]``); None is left out."""
    for key, value in body.items():
        name = f"{within}[{key}]" if within else key
        if isinstance(value, Mapping):
            yield from flat(value, name)
        elif isinstance(value, (list, tuple)):
            yield from ((f"{name}[]", str(item)) for item in value)
        elif value is not None:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _enclosed(attachment: Attachment, body: bytes) -> Enclosed:
    is_plain = _MEDIA_TYPE.fullmatch(attachment.media_type) is not None
    return Enclosed(
        name=_NOT_IN_NAMES.sub("_", visible(attachment.name))[-200:] or "file",
        media_type=attachment.media_type if is_plain else "application/octet-stream",
        body=body,
    )


async def _read(files: Files, attachment: Attachment) -> bytes | None:
    try:
        return await files.read(attachment)
    except LookupError:
        return None


def _line(files: Files, attachment: Attachment, *, is_there: bool) -> str:
    name = markup.escape(attachment.name)
    if not is_there:
        return f"{name} (no longer available)"
    link = files.link(attachment, valid_s=LINK_VALID_S)
    return f"[{name}](<{link}>)" if link else f"{name} (too large to go along)"
