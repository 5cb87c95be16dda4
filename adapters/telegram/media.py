"""What contacts send beside words: files, places, cards.

Files stay at Telegram (20 MB may be downloaded, checked 2026-11-21) until the gateway fetches them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.telegram.payloads import File, Location, Photo, TelegramMessage
from core import ids
from core.domain import Attachment

MAX_NAME_CHARS: Final = 200
DOWNLOAD_LIMIT_BYTES: Final = 20_000_000

# Field of the message → (name where it has none, media type where it tells none); an animation also comes as a document.
KINDS: Final = {
    "voice": ("voice.ogg", "audio/ogg"),
    "audio": ("audio.mp3", "audio/mpeg"),
    "video": ("video.mp4", "video/mp4"),
    "video_note": ("video.mp4", "video/mp4"),
    "animation": ("animation.mp4", "video/mp4"),
    "document": ("file", "application/octet-stream"),
}


class Origin(msgspec.Struct, frozen=True):
    """Where Telegram keeps a file."""

    file_id: str


class Stored(msgspec.Struct, frozen=True):
    """What getFile tells: where the file can be had for an hour."""

    file_path: str = ""


def attachment_of(message: TelegramMessage, *, tenant: str, account: str) -> Attachment | None:
    """The file of a message; Telegram sends one file a message, an album is several messages."""
    found = _file(message)
    if found is None:
        return None
    file, name, media_type = found
    locator = f"{message.chat.id}/{message.message_id}/{file.file_unique_id}"
    return Attachment(
        id="u_" + ids.digest(tenant, account, locator),
        name=name,
        media_type=media_type,
        size_bytes=file.file_size,
        origin=msgspec.json.encode(Origin(file.file_id)).decode(),
    )


def _file(message: TelegramMessage) -> tuple[File | Photo, str, str] | None:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return largest, "photo.jpg", "image/jpeg"
    for kind, (name, media_type) in KINDS.items():
        file: File | None = getattr(message, kind)
        if file is not None:
            return file, _line(file.file_name) or name, _media_type(file.mime_type) or media_type
    return None


def _line(name: str | None) -> str:
    """The last part of a file's name, on one line."""
    if not name:
        return ""
    plain = "".join(char for char in name if char.isprintable())
    return " ".join(plain.replace("\\", "/").rpartition("/")[2].split())[:MAX_NAME_CHARS]


def _media_type(given: str | None) -> str | None:
    if given is None or len(given) > 100 or given.count("/") != 1 or not given.isascii() or not given.isprintable():
        return None
    return given.lower()


def described(message: TelegramMessage) -> str | None:
    """A place, a sticker or the contact's own card in words that need no language; None: there is none of them."""
    if message.venue is not None:
        named = ", ".join(part for part in (message.venue.title, message.venue.address) if part)
        return f"📍 {named} ({_coordinates(message.venue.location)})"
    if message.location is not None:
        return f"📍 {_coordinates(message.location)}"
    if message.sticker is not None:
        return message.sticker.emoji
    if message.contact is not None and message.sender is not None and message.contact.user_id == message.sender.id:
        return f"📞 {message.contact.phone_number}"
    return None


def _coordinates(place: Location) -> str:
    return f"{place.latitude:.6f}, {place.longitude:.6f}"
