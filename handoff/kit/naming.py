"""A helpdesk's own names (teams, agents) as its ids: what YAML and rules say is what people read on its pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from core.errors import MessageRejected

KEPT_S: Final = 600.0
AGAIN_S: Final = 30.0
"""A name that is not there may have been made a moment ago: the list is read again, but not at each message."""

log = structlog.get_logger(__name__)


class Names:
    """One list of names.

    ``load`` reads it: id by name, email or whatever else people may write; letters count in any case.  ``what`` names the
    list in the log and in errors ("Chatwoot agents").
    """

    def __init__(
        self, what: str, load: Callable[[], Awaitable[Mapping[str, str]]], *, clock: Callable[[], datetime]
    ) -> None:
        self._what = what
        self._load = load
        self._clock = clock
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._read_at: datetime | None = None

    async def known(self, word: str) -> str:
        """The id; ``MessageRejected`` when the helpdesk has no such name."""
        found = await self.find(word)
        if found is None:
            raise MessageRejected(f"There is no “{word}” among the {self._what}.")
        return found

    async def find(self, word: str) -> str | None:
        """The id; None, and a line in the log, when the helpdesk has no such name.  Raises ``DeliveryError``."""
        wanted = word.strip().casefold()
        if self._is_older_than(KEPT_S) or (wanted not in self._ids and self._is_older_than(AGAIN_S)):
            await self._reload()
        found = self._ids.get(wanted)
        if found is None:
            log.warning("desk_name_unknown", list=self._what, name=word)
        return found

    async def named(self, id_: str) -> str | None:
        """The name of an id; None when the list has none.  Raises ``DeliveryError``."""
        if id_ not in self._names and self._is_older_than(AGAIN_S):
            await self._reload()
        return self._names.get(id_)

    async def _reload(self) -> None:
        loaded = {name.strip(): id_ for name, id_ in (await self._load()).items() if name.strip()}
        self._ids = {id_: id_ for id_ in loaded.values()} | {name.casefold(): id_ for name, id_ in loaded.items()}
        self._names = {id_: name for name, id_ in loaded.items()}
        self._read_at = self._clock()

    def _is_older_than(self, age_s: float) -> bool:
        return self._read_at is None or (self._clock() - self._read_at).total_seconds() > age_s
