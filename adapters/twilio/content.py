"""Buttons and lists as Content templates, made once per shape and filled with variables (Content API, checked 2026-11-21).

Memory only adds: a template that was deleted at Twilio is followed by the one that was made in its place.

A variable holds at most 255 characters, so a longer text takes several that stand side by side; that rules out approval,
which messages within the 24 hours do not need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from adapters.twilio.inbound import CHOICE_ID
from adapters.twilio.render_whatsapp import MAX_BUTTON_TITLE, MAX_ROW_TITLE, cut, fit_buttons
from adapters.twilio.rest import TwilioRest
from core.ports.channel import Memory

VARIABLE_CHARS: Final = 255
VERSION: Final = "1"
MAX_DESCRIPTION: Final = 72
MOST_FOLLOWED: Final = 1_000
"""Replacements of one shape that are looked through; one a day is made at most."""


class Contents:
    """The content templates of one account; their sids are remembered."""

    def __init__(self, rest: TwilioRest, memory: Memory, *, list_button: str, clock: Callable[[], datetime]) -> None:
        self._rest = rest
        self._clock = clock
        self._memory = memory
        self._list_button = list_button

    async def fields(self, text: str, choices: Sequence[str]) -> list[tuple[str, str]]:
        """The fields of a message that offers these choices under this text."""
        pieces = _pieces(text)
        is_list = not fit_buttons(choices)
        values = [*pieces, *(value for n, choice in enumerate(choices, 1) for value in _row(n, choice, is_list))]
        sid = await self._sid(is_list, len(pieces), len(choices))
        variables = {str(place): value for place, value in enumerate(values, 1)}
        return [("ContentSid", sid), ("ContentVariables", msgspec.json.encode(variables).decode())]

    async def renew(self, gone: str, text: str, choices: Sequence[str]) -> bool:
        """Put another in the place of a template that Twilio no longer has; at most one a day and shape, since something
        else may be wrong.  False when it must stay gone for now.
        """
        is_list, pieces = not fit_buttons(choices), len(_pieces(text))
        shape, key = self._shape(is_list, pieces, len(choices))
        if await self._newest(key) != gone:
            return True
        day = self._clock().date().isoformat()
        if await self._memory.remember(f"{key}:again:{day}", gone) != gone:
            return False
        made = await self._rest.create_content(self._template(shape, is_list, pieces, len(choices)))
        await self._memory.remember(f"{key}:after:{gone}", made)
        return True

    async def _sid(self, is_list: bool, pieces: int, choices: int) -> str:
        shape, key = self._shape(is_list, pieces, choices)
        known = await self._newest(key)
        if known is not None:
            return known
        made = await self._rest.create_content(self._template(shape, is_list, pieces, choices))
        return await self._memory.remember(key, made)

    def _shape(self, is_list: bool, pieces: int, choices: int) -> tuple[str, str]:
        """The name of a shape and under what its template is remembered."""
        shape = f"{'list' if is_list else 'buttons'}-{choices}-{pieces}"
        return shape, f"content:{VERSION}:{self._list_button}:{shape}" if is_list else f"content:{VERSION}:{shape}"

    async def _newest(self, key: str) -> str | None:
        """The template that stands: the first one, or what followed it."""
        known = await self._memory.recall(key)
        for _ in range(MOST_FOLLOWED):
            after = None if known is None else await self._memory.recall(f"{key}:after:{known}")
            if after is None:
                break
            known = after
        return known

    def _template(self, shape: str, is_list: bool, pieces: int, choices: int) -> dict[str, Any]:
        body = "".join(f"{{{{{n}}}}}" for n in range(1, pieces + 1))
        width = 3 if is_list else 2
        places = [[f"{{{{{pieces + row * width + n}}}}}" for n in range(1, width + 1)] for row in range(choices)]
        total = pieces + choices * width
        kind: dict[str, Any]
        if is_list:
            items = [{"item": item, "id": id_, "description": more} for item, id_, more in places]
            kind = {"twilio/list-picker": {"body": body, "button": self._list_button, "items": items}}
        else:
            actions = [{"type": "QUICK_REPLY", "title": title, "id": id_} for title, id_ in places]
            kind = {"twilio/quick-reply": {"body": body, "actions": actions}}
        return {
            "friendly_name": f"frontdesk-{shape}",
            "language": "en",
            "variables": {str(n): "…" for n in range(1, total + 1)},
            "types": kind,
        }


def _pieces(text: str) -> list[str]:
    return [text[at : at + VARIABLE_CHARS] for at in range(0, len(text), VARIABLE_CHARS)]


def _row(number: int, choice: str, is_list: bool) -> tuple[str, ...]:
    """Title and id of a button; a list's row also needs a description, which holds what the title had to leave out."""
    whole = CHOICE_ID + choice
    if not is_list:
        return cut(choice, MAX_BUTTON_TITLE), whole
    title = cut(choice, MAX_ROW_TITLE)
    return title, whole, str(number) if title == cut(choice, 999) else cut(choice, MAX_DESCRIPTION)
