"""What stands behind our buttons: a few signed bytes, since clients can send whatever they like as a press.

Telegram carries at most 64 bytes.  The label is not among them: it comes back with the message, and the signature covers it
together with the contact for whom the button was made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

SIGNATURE_BYTES: Final = 12
MOST_STARS: Final = 5
MAX_DATA_BYTES: Final = 64

_DATA: Final = re.compile(r"([cr])([0-9]{1,2})\.([A-Za-z0-9_-]{16})")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A quick reply was pressed."""

    label: str


@dataclass(frozen=True, slots=True)
class Rated:
    """Stars were given, 1 to 5."""

    rating: int


class Presses:
    """Makes and reads button data of one bot; keyed by its token, so that nothing more has to be configured."""

    __slots__ = ("_keyed",)

    def __init__(self, token: str) -> None:
        key = hmac.digest(token.encode(), b"frontdesk:telegram-press", "sha256")
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)

    def choice(self, contact: int, place: int, label: str) -> str:
        """The data of the quick reply at ``place`` under a message to ``contact``."""
        return f"c{place}.{self._signature('c', contact, label)}"

    def rating(self, contact: int, stars: int) -> str:
        """The data of a rating button."""
        return f"r{stars}.{self._signature('r', contact, str(stars))}"

    def read(self, data: str, contact: int, label: str | None) -> Chosen | Rated | None:
        """What was pressed; None when we never made this button for this contact."""
        found = _DATA.fullmatch(data)
        if found is None:
            return None
        kind, number, given = found.groups()
        said = number if kind == "r" else label
        if said is None or not hmac.compare_digest(self._signature(kind, contact, said), given):
            return None
        return Rated(int(number)) if kind == "r" else Chosen(said)

    def _signature(self, kind: str, contact: int, said: str) -> str:
        mac = self._keyed.copy()
        mac.update(f"{kind}:{contact}:{said}".encode("utf-8", "replace"))
        return base64.urlsafe_b64encode(mac.digest()[:SIGNATURE_BYTES]).decode()
