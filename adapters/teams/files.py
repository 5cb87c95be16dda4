"""Contacts' files: which attachments of an activity are files, and where their bytes are."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from typing import Final

import msgspec

from adapters.teams.payloads import Enclosed
from adapters.teams.text import line
from core import ids
from core.domain import Attachment
from core.errors import MessageRejected

DOWNLOAD_INFO: Final = "application/vnd.microsoft.teams.file.download.info"
MEDIA: Final = ("image/", "audio/", "video/")
MAX_FILES: Final = 10
MAX_URL_CHARS: Final = 4_096


class Origin(msgspec.Struct, frozen=True):
    """Where a file's bytes are; ``ours``: at the connector, which wants the bot's token."""

    url: str
    ours: bool = False


def attachments_of(enclosed: Sequence[Enclosed], *, tenant: str, account: str) -> tuple[Attachment, ...]:
    """The files; cards, quoted messages and the message's own HTML are none."""
    found = (_file(item, tenant, account) for item in enclosed)
    return tuple({item.id: item for item in found if item is not None}.values())[:MAX_FILES]


def _file(item: Enclosed, tenant: str, account: str) -> Attachment | None:
    media_type = (item.content_type or "").lower()
    if media_type == DOWNLOAD_INFO:
        return _uploaded(item, tenant, account)
    if not media_type.startswith(MEDIA) or not _is_address(item.content_url):
        return None
    url = str(item.content_url)
    is_vague = media_type.endswith("/*")
    media_type = {"image/*": "image/png"}.get(media_type, "application/octet-stream") if is_vague else media_type
    return Attachment(
        id="u_" + ids.digest(tenant, account, url),
        name=_name(item.name) or "file" + (mimetypes.guess_extension(media_type) or ""),
        media_type=media_type,
        size_bytes=0,
        origin=msgspec.json.encode(Origin(url, ours=True)).decode(),
    )


def _uploaded(item: Enclosed, tenant: str, account: str) -> Attachment | None:
    """A file a person uploaded: its address is pre-authorised for some minutes, so no token goes there."""
    content = item.content if isinstance(item.content, dict) else {}
    url, unique = content.get("downloadUrl"), content.get("uniqueId")
    if not _is_address(url):
        return None
    name = _name(item.name) or "file"
    return Attachment(
        id="u_" + ids.digest(tenant, account, unique if isinstance(unique, str) and unique else str(url)),
        name=name,
        media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        size_bytes=0,
        origin=msgspec.json.encode(Origin(str(url))).decode(),
    )


def _name(given: str | None) -> str | None:
    """A file's name, never a path."""
    return line((given or "").replace("\\", "/").rpartition("/")[2])


def _is_address(url: object) -> bool:
    return isinstance(url, str) and 0 < len(url) <= MAX_URL_CHARS and url.startswith(("https://", "http://"))


def origin_of(attachment: Attachment) -> Origin:
    """Where to fetch it; ``MessageRejected`` when it is not a file of Teams."""
    try:
        return msgspec.json.decode(attachment.origin or "", type=Origin)
    except (msgspec.DecodeError, UnicodeError):
        raise MessageRejected("The file does not come from Teams.") from None
