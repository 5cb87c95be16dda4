"""Contacts' files: which of a message's files can be had, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from adapters.slack.payloads import File, Origin
from core import ids
from core.domain import Attachment
from core.errors import MessageRejected

NOT_HELD: Final = frozenset({"tombstone", "hidden_by_limit", "external"})
"""Modes of files whose bytes Slack does not have (any more)."""

_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,80}/[\w.+-]{1,80}", re.ASCII)
UNKNOWN_TYPE: Final = "application/octet-stream"
MAX_NAME: Final = 200


def attachments_of(tenant: str, account: str, files: Iterable[File]) -> tuple[Attachment, ...]:
    """The files that can be fetched."""
    held = {file.id: file for file in files if file.id and file.mode not in NOT_HELD}
    return tuple(_attachment(tenant, account, file) for file in held.values())


def _attachment(tenant: str, account: str, file: File) -> Attachment:
    media_type = file.mimetype if file.mimetype and _MEDIA_TYPE.fullmatch(file.mimetype) else UNKNOWN_TYPE
    # Files of another organisation (Slack Connect) arrive as an id only: files.info tells the address.
    is_hidden = file.file_access == "check_file_info"
    url = "" if is_hidden else (file.url_private_download or file.url_private or "")
    return Attachment(
        id="u_" + ids.digest(tenant, account, file.id),
        name=_name(file),
        media_type=media_type,
        size_bytes=max(file.size or 0, 0),
        origin=msgspec.json.encode(Origin(file=file.id, url=url, type=media_type)).decode(),
        transcript=_transcript(file),
    )


def _name(file: File) -> str:
    """A name that is no path."""
    for given in (file.name, file.title, file.id):
        name = " ".join((given or "").replace("/", " ").replace("\\", " ").replace("\x00", "").split())[:MAX_NAME]
        if name:
            return name
    return "file"


def _transcript(file: File) -> str | None:
    heard = file.transcription
    if heard is None or heard.status != "complete" or heard.preview is None:
        return None
    return heard.preview.content.strip() or None


def origin_of(attachment: Attachment) -> Origin:
    """Where the bytes are; ``MessageRejected`` when the attachment is none of ours."""
    try:
        return msgspec.json.decode((attachment.origin or "").encode(), type=Origin)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise MessageRejected("The file did not come from Slack.") from None
