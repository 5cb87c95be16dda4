"""The way to a vendor's HTTP API: one lazily opened session per account, and one reading of how a call can fail.

A call that never left raises ``ProviderUnavailable``; one whose answer was lost raises ``OutcomeUnknown``, because the vendor
may have acted on it.  Whether a *status* is an error is the vendor's own matter: see ``errors.py`` of each channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec

from core.errors import MessageRejected, OutcomeUnknown, ProviderUnavailable

CALL_LIMIT_S: Final = 20.0
ANSWER_LIMIT_BYTES: Final = 4_194_304


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answered, read whole; header names match in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    @property
    def retry_after_s(self) -> float | None:
        """The ``Retry-After`` header in seconds, when it is a number."""
        given = self.headers.get("Retry-After", "").strip()
        return float(given) if given.isascii() and given.isdigit() and len(given) <= 6 else None


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT or DELETE whose connection broke: the vendor may have acted on the first one."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientPayloadError("The connection broke before the answer.") from error


class VendorHttp:
    """Calls to one vendor, each made at most once; redirects are never followed by themselves, cookies are not kept."""

    def __init__(self, *, limit_s: float = CALL_LIMIT_S, headers: Mapping[str, str] | None = None) -> None:
        self._limit_s = limit_s
        self._headers = dict(headers or {})
        self._session: aiohttp.ClientSession | None = None
        self._is_over = False

    def session(self) -> aiohttp.ClientSession:
        """The session, for callers that stream; opened on first use inside the running loop.

        ``ProviderUnavailable`` after ``close``: whoever comes late would open connections that nobody closes.
        """
        if self._is_over:
            raise ProviderUnavailable("The account is being taken down.")
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._limit_s),
                middlewares=(_once,),
            )
        return self._session

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object | None = None,
        data: Any = None,
        params: Mapping[str, str] | None = None,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
    ) -> Answer:
        """One call; ``json`` is encoded by msgspec, ``data`` goes as aiohttp takes it (bytes, form fields, multipart).

        Raises ``ProviderUnavailable`` (nothing was sent), ``OutcomeUnknown`` (the answer was lost) or ``MessageRejected``
        (the answer is larger than ``limit_bytes``).
        """
        given = dict(headers or {})
        if json is not None:
            data = msgspec.json.encode(json)
            given.setdefault("Content-Type", "application/json; charset=utf-8")
        try:
            async with self.session().request(
                method, url, headers=given, data=data, params=params, allow_redirects=False
            ) as response:
                body = await _read(response, limit_bytes)
                return Answer(response.status, response.headers, body)
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise ProviderUnavailable("The vendor cannot be reached.") from error
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise OutcomeUnknown("The vendor's answer was lost.") from error

    async def close(self) -> None:
        """Close the session for good; safe twice and before first use."""
        self._is_over = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _read(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > limit_bytes:
            raise MessageRejected(f"The vendor's answer is larger than {limit_bytes} bytes.")
    return bytes(body)
