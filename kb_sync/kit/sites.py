"""Addresses of web sites as YAML gives them: http is taken too, for nothing secret goes there."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.vendors.guard import is_loopback

MAX_CHARS: Final = 1_000


def checked_site(text: str) -> str:
    """The address as it was given; ``ValueError`` with the mend when it is none."""
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        is_web = False
    if not is_web or any(letter.isspace() for letter in text):
        raise ValueError("this is no web address; write it like https://www.example.com/help/")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address carries no name and password")
    return text


SiteAddress = Annotated[str, Field(max_length=MAX_CHARS), AfterValidator(checked_site)]
"""The type of such a setting."""


def within_reach(*addresses: str, is_internal: bool) -> tuple[str, ...]:
    """What ``Web`` may find on a private network: all of them when the site is internal, else those on this machine."""
    return tuple(each for each in addresses if is_internal or is_loopback(urlsplit(each).hostname or ""))
