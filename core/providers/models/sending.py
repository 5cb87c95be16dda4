"""JSON calls over one ``aiohttp`` session, to the address and under the headers that the ``openai`` package makes.

The package takes 2 ms of processor time for each request, most of it to make the same address and headers again and to wrap
the answer.  So it is asked once for each model at an endpoint, by a request that goes nowhere, and what it made is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from core.providers.models.errors import AttemptFailed, Code, classify, of_status, transport_errors

if TYPE_CHECKING:
    import ssl

    import aiohttp
    import httpx2
    import openai

MOST_BYTES: Final = 32 * 1024 * 1024
"""Of an answer that is read whole: 64 vectors of 4096 numbers are 6 MB."""

OF_ONE_REQUEST: Final = frozenset(("content-length", "host"))
"""Headers that the session makes itself."""

Key = tuple[str, str, str]
"""Endpoint, path, model."""

MadeBy = Callable[["httpx2.AsyncClient"], "openai.AsyncOpenAI"]


class Sender:
    """Sends; opens its session when the first call needs it, after the package is loaded."""

    def __init__(self, *, connections: int, kept_alive_s: float, connect_s: float) -> None:
        self._connections = connections
        self._kept_alive_s = kept_alive_s
        self._connect_s = connect_s
        self._session: aiohttp.ClientSession | None = None
        self._certificates: ssl.SSLContext | None = None
        self._prepared: dict[Key, tuple[str, dict[str, str]]] = {}

    def load(self) -> None:
        """Read the certificates; takes a while, so not on the event loop.  Costs nothing the second time."""
        import httpx2  # noqa: PLC0415  vendor libraries load when they are used

        if self._certificates is None:
            self._certificates = httpx2.create_ssl_context(trust_env=False)

    async def post(
        self, key: Key, body: Mapping[str, Any], *, made_by: MadeBy, proxy: str | None
    ) -> aiohttp.ClientResponse:
        """An answer with a good status, its body unread; call ``load`` before.  Raises ``AttemptFailed``.

        ``made_by`` gives the package's client over a transport.
        """
        failed: AttemptFailed
        try:
            if key not in self._prepared:
                self._prepared[key] = await _prepared(key, made_by)
            url, headers = self._prepared[key]
            response = await self._opened().post(
                url, data=msgspec.json.encode(body), headers=headers, proxy=proxy, allow_redirects=False
            )
            if 200 <= response.status < 300:
                return response
            async with response:
                failed = of_status(response.status, _json(await whole(response)), response.headers)
        except transport_errors() as error:
            failed = classify(error)
        # Raised out here, so that nothing of the library's error, which holds the key, hangs on to ours.
        raise failed

    async def close(self) -> None:
        """Give up all connections; safe twice and before first use."""
        session, self._session = self._session, None
        self._prepared = {}
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp  # noqa: PLC0415

            connector = aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=self._kept_alive_s,
                ssl=self._certificates or True,
            )
            # Every deadline but this is asyncio's; nothing from the environment.
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._connect_s)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        return self._session


async def _prepared(key: Key, made_by: MadeBy) -> tuple[str, dict[str, str]]:
    """What the package would send a request to, and under which headers."""
    import httpx2  # noqa: PLC0415

    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json={})

    _, path, model = key
    async with httpx2.AsyncClient(
        transport=httpx2.MockTransport(answer), timeout=httpx2.Timeout(None), trust_env=False
    ) as nowhere:
        await made_by(nowhere).post(path, body={"model": model}, cast_to=httpx2.Response)
    headers = {name: value for name, value in sent[0].headers.items() if name.lower() not in OF_ONE_REQUEST}
    return str(sent[0].url), headers


def _json(body: bytes) -> object:
    """The body of an error, where it is JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


async def whole(response: aiohttp.ClientResponse) -> bytes:
    """A body, bounded.  Raises ``AttemptFailed``."""
    body = bytearray()
    failed: AttemptFailed
    try:
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > MOST_BYTES:
                failed = AttemptFailed(Code.MALFORMED)
                break
        else:
            return bytes(body)
    except transport_errors() as error:
        failed = classify(error)
    raise failed
