"""Fetching a contact's file from a vendor: held to the vendor's hosts at every hop, bounded in size and time.

Redirects are followed by hand.  What proves who we are (``headers``) goes to the first host only: vendors redirect to storage
with signed addresses, and a token must not follow there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from email.message import Message as Header
from typing import Final

import aiohttp
from yarl import URL

from core.errors import CredentialsInvalid, DeliveryError, MessageRejected, ProviderUnavailable, Throttled
from core.ports.channel import Fetched
from core.vendors.guard import PublicResolver, check_url

FETCH_LIMIT_S: Final = 60.0
MAX_HOPS: Final = 5
CHUNK_BYTES: Final = 65_536
REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))

TRANSIENT: Final = frozenset((408, 409, 425))
THROTTLED: Final = frozenset((420, 429))
DENIED: Final = frozenset((401, 403))


class Downloads:
    """The files of one account; ``hosts`` as in ``check_url``."""

    def __init__(self, hosts: Sequence[str], *, limit_s: float = FETCH_LIMIT_S) -> None:
        self._hosts = tuple(hosts)
        self._limit_s = limit_s
        self._session: aiohttp.ClientSession | None = None
        self._is_over = False

    async def fetch(self, url: str, *, limit_bytes: int, headers: Mapping[str, str] | None = None) -> Fetched:
        """Fetch a file; ``MessageRejected`` when it is larger, gone, or elsewhere than ``hosts``.

        ``CredentialsInvalid`` when the vendor refuses ``headers``; ``Throttled`` and ``ProviderUnavailable`` may be tried again.
        """
        try:
            async with asyncio.timeout(self._limit_s):
                return await self._follow(url, headers or {}, limit_bytes)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise ProviderUnavailable("The file cannot be fetched now.") from error

    async def close(self) -> None:
        """Close the session for good; safe twice and before first use."""
        self._is_over = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _follow(self, url: str, headers: Mapping[str, str], limit_bytes: int) -> Fetched:
        first = None
        for _ in range(MAX_HOPS + 1):
            check_url(url, hosts=self._hosts)
            here = URL(url)
            first = first or here.origin()
            given = headers if here.origin() == first else {}
            async with self._opened().get(here, headers=given, allow_redirects=False) as answer:
                if answer.status not in REDIRECTS:
                    return await _read(answer, limit_bytes)
                url = _target(here, answer.headers.get("Location", ""))
        raise MessageRejected("The file's address redirects too often.")

    def _opened(self) -> aiohttp.ClientSession:
        if self._is_over:
            raise ProviderUnavailable("The account is being taken down.")
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=PublicResolver(self._hosts), limit=8),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
            )
        return self._session


def _target(here: URL, location: str) -> str:
    try:
        return str(here.join(URL(location)))
    except ValueError:
        raise MessageRejected("The file's address redirects nowhere.") from None


async def _read(answer: aiohttp.ClientResponse, limit_bytes: int) -> Fetched:
    if answer.status != 200:
        raise _refusal(answer)
    body = bytearray()
    if (answer.content_length or 0) <= limit_bytes:
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            body += chunk
            if len(body) > limit_bytes:
                break
        else:
            return Fetched(body=bytes(body), media_type=answer.content_type, name=_name(answer))
    raise MessageRejected(f"The file is larger than {limit_bytes} bytes.")


def _name(answer: aiohttp.ClientResponse) -> str | None:
    header = Header()
    header["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    return header.get_filename()


def _refusal(answer: aiohttp.ClientResponse) -> DeliveryError:
    status, wait = answer.status, answer.headers.get("Retry-After", "")
    if status in THROTTLED:
        return Throttled("Too many files were asked for.", retry_after_s=float(wait) if wait.isdecimal() else None)
    if status >= 500 or status in TRANSIENT:
        return ProviderUnavailable(f"The vendor's file server answered {status}.")
    if status in DENIED:
        return CredentialsInvalid(f"The vendor's file server answered {status}.")
    return MessageRejected(f"The vendor no longer has the file ({status}).")
