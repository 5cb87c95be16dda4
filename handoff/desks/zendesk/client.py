"""Calls to Zendesk's API: logged in, mended once after a 401, and read into the structs of ``wire``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import msgspec

from core.errors import CredentialsInvalid, OutcomeUnknown
from core.vendors.http import Answer, VendorHttp
from handoff.desks.zendesk.errors import error_of
from handoff.desks.zendesk.settings import ZendeskSettings
from handoff.desks.zendesk.tokens import Tokens
from handoff.desks.zendesk.wire import Meta

UPLOAD_LIMIT_S: Final = 60.0
PAGE_SIZE: Final = 100
MAX_PAGES: Final = 60
"""A ticket has 5 000 comments at most."""


class Page(Protocol):
    """A page of a list with cursor pagination."""

    @property
    def meta(self) -> Meta:
        """Where it ends."""


Shape = TypeVar("Shape")
PageT = TypeVar("PageT", bound=Page)


class Client:
    """One account's API."""

    def __init__(self, settings: ZendeskSettings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.http = VendorHttp(headers={"Accept": "application/json", "User-Agent": "Frontdesk"})
        self.tokens = Tokens(settings, self.http, clock)
        self._uploads = VendorHttp(limit_s=UPLOAD_LIMIT_S, headers={"User-Agent": "Frontdesk"})

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object | None = None,
        data: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        on_ticket: bool = False,
    ) -> Answer:
        """One call below ``/api/v2``, whatever the answer; a refused token is replaced once.  Raises ``DeliveryError``.

        ``on_ticket``: it is about one ticket.  A 403 then means that only this one is closed to us (a private group), unless our
        user may do nothing at all, which is ``CredentialsInvalid``.
        """
        http = self._uploads if data is not None else self.http
        url = f"{self.settings.base}/api/v2{path}"
        proof = await self.tokens.header()
        given = {**(headers or {}), "Authorization": proof}
        answer = await http.call(method, url, json=json, data=data, params=params, headers=given)
        if answer.status == 401 and self.tokens.can_renew:
            # A 401 says that nothing was done.
            given["Authorization"] = await self.tokens.header(instead_of=proof)
            answer = await http.call(method, url, json=json, data=data, params=params, headers=given)
        if answer.status == 401:
            raise CredentialsInvalid("Zendesk refuses our credentials.")
        if answer.status == 403 and on_ticket:
            probe = await http.call("GET", f"{self.settings.base}/api/v2/users/me", headers=given)
            if probe.status != 200:
                raise error_of(probe)
        return answer

    async def read(
        self, shape: type[Shape], path: str, *, params: Mapping[str, str] | None = None, on_ticket: bool = False
    ) -> Shape:
        """What stands at a path; raises the error of a refusal."""
        return told(await self.call("GET", path, params=params, on_ticket=on_ticket), shape, on_ticket=on_ticket)

    async def pages(
        self, shape: type[PageT], path: str, *, params: Mapping[str, str] | None = None, on_ticket: bool = False
    ) -> AsyncIterator[PageT]:
        """A list, page by page."""
        asked = {"page[size]": str(PAGE_SIZE), **(params or {})}
        for _ in range(MAX_PAGES):
            page = await self.read(shape, path, params=asked, on_ticket=on_ticket)
            yield page
            if not page.meta.has_more or not page.meta.after_cursor:
                return
            asked["page[after]"] = page.meta.after_cursor

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self.http.close()
        await self._uploads.close()


def told(answer: Answer, shape: type[Shape], *, on_ticket: bool = False) -> Shape:
    """The answer's body; the error of a refusal.  An answer that cannot be read may have been a yes."""
    if answer.status not in (200, 201):
        raise error_of(answer, on_ticket=on_ticket)
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OutcomeUnknown("Zendesk's answer cannot be read.") from error


Wire = dict[str, Any]
