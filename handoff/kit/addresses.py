"""The type of settings that are addresses of helpdesks."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from core.vendors.addresses import checked_address

MAX_CHARS: Final = 300

Address = Annotated[str, Field(max_length=MAX_CHARS), AfterValidator(checked_address)]
"""https, or http to this machine itself."""
