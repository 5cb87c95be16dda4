"""Notion's API, version 2026-03-11 (Notion API docs, checked 2026-11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import msgspec

from kb_sync.kit.http import Malformed, Web
from kb_sync.kit.http import Page as Answer
from kb_sync.sources.notion.payloads import Database, Found, Nested, Page
from kb_sync.sources.notion.settings import NotionSettings

VERSION: Final = "2026-03-11"
PAGE_SIZE: Final = 100
"""The most that one answer holds."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as it was at ``at``, Notion's own time."""

    page: Page
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block; ``own`` is what its type adds."""

    id: str
    type: str
    has_children: bool
    own: Mapping[str, Any] = field(default_factory=dict)


class NotionApi:
    """What one integration may read; thread-safe.  Every method raises ``WebError``."""

    def __init__(
        self, settings: NotionSettings, *, clock: Callable[[], datetime], sleep: Callable[[float], None]
    ) -> None:
        self._url = settings.api_url.rstrip("/") + "/v1"
        self._clock = clock
        headers = {
            "Authorization": f"Bearer {settings.token.get_secret_value()}",
            "Notion-Version": VERSION,
            "Accept": "application/json",
        }
        self._web = Web(headers=headers, allow=(settings.api_url,), per_host_s=1 / settings.requests_per_s, sleep=sleep)

    def data_sources(self, database: str) -> tuple[str, ...]:
        """The ids of a database's data sources."""
        found = _read(self._web.get(f"{self._url}/databases/{database}").json(), Database)
        if found.in_trash:
            raise Malformed(f"the database {database} is in Notion's trash")
        return tuple(each.id for each in found.data_sources)

    def query(self, data_source: str, *, since: datetime | None = None) -> Iterator[Seen]:
        """The pages of a data source, those in the trash left out: all, in the order they were made, or edited since."""
        url = f"{self._url}/data_sources/{data_source}/query"
        asked: dict[str, Any] = {"page_size": PAGE_SIZE}
        if since is None:
            asked["sorts"] = [{"timestamp": "created_time", "direction": "ascending"}]
        else:
            edited = {"on_or_after": since.isoformat()}
            asked["filter"] = {"timestamp": "last_edited_time", "last_edited_time": edited}
            asked["sorts"] = [{"timestamp": "last_edited_time", "direction": "ascending"}]
        for answer, found in self._listed(lambda cursor: self._web.send("POST", url, json={**asked, **cursor})):
            at = self._time(answer)
            for each in found.results:
                if each.get("object", "page") == "page":
                    yield Seen(page=_read(each, Page), at=at)

    def page(self, id: str) -> Seen:
        """One page, its words apart."""
        answer = self._web.get(f"{self._url}/pages/{id}")
        return Seen(page=_read(answer.json(), Page), at=self._time(answer))

    def block(self, id: str) -> Nested:
        """Where a block lies."""
        return _read(self._web.get(f"{self._url}/blocks/{id}").json(), Nested)

    def children(self, id: str) -> Iterator[Block]:
        """The blocks directly below a page or a block, in order."""
        url = f"{self._url}/blocks/{id}/children"
        size = {"page_size": str(PAGE_SIZE)}
        for _, found in self._listed(lambda cursor: self._web.get(url, params={**size, **cursor})):
            for each in found.results:
                if not (each.get("in_trash") or each.get("archived")):
                    yield _block(each)

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()

    def _listed(self, ask: Callable[[Mapping[str, str]], Answer]) -> Iterator[tuple[Answer, Found]]:
        cursor: Mapping[str, str] = {}
        seen: set[str] = set()
        while True:
            answer = ask(cursor)
            found = _read(answer.json(), Found)
            if found.request_status.get("type") == "incomplete":
                raise Malformed("Notion gives only a part of a database that is this large; divide it")
            yield answer, found
            if not found.has_more:
                return
            if not found.next_cursor or found.next_cursor in seen:
                raise Malformed("Notion's list goes round in a circle")
            seen.add(found.next_cursor)
            cursor = {"start_cursor": found.next_cursor}

    def _time(self, answer: Answer) -> datetime:
        """Notion's clock when it answered; ours when it does not tell."""
        try:
            at = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return self._clock()
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def moment(given: str) -> datetime:
    """A time of Notion's; ``Malformed`` when it is none."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Malformed("Notion tells a time that cannot be read") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _block(given: Mapping[str, Any]) -> Block:
    id, kind = given.get("id"), given.get("type")
    if not isinstance(id, str) or not isinstance(kind, str):
        raise Malformed("Notion answers with a block without id or type")
    own = given.get(kind)
    has_children = given.get("has_children") is True
    return Block(id=id, type=kind, has_children=has_children, own=own if isinstance(own, dict) else {})


def _read(given: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise Malformed(f"Notion answers in another shape than it documents: {error}") from None
