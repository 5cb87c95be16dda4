"""The way out: one ``openai`` client per endpoint, over shared connections, made when the first call needs it.

The package does what is hard to keep up with (addresses, authentication, Azure, headers).  Its retries and its typed events are
switched off: routing is ours, and the events cost more than everything else in a turn.  JSON calls are sent by ``sending``, to
the address and under the headers that the package made once.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from core.models_settings import Dialect, Endpoint
from core.providers.models.errors import AttemptFailed, Code, classify, transport_errors
from core.providers.models.sending import MOST_BYTES, Sender, whole

if TYPE_CHECKING:
    import aiohttp
    import httpx2
    import openai

CONNECT_S: Final = 5.0
MOST_CONNECTIONS: Final = 500
KEPT_ALIVE_S: Final = 60.0

QUIET: Final = ("openai", "httpx2", "httpcore2")
"""Their info and debug lines tell addresses, and those of the lowest layer headers."""

NO_KEY: Final = "unused"
"""The package wants a key; servers that need none ignore it."""

SOUND_NAMES: Final[Mapping[str, str]] = {
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "application/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/m4a": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "m4a",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/webm": "webm",
    "video/webm": "webm",
    "video/mp4": "mp4",
    "audio/flac": "flac",
}
"""Servers tell the format by the ending."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9-]+")


class Clients:
    """All endpoints of one ``models`` block."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._clients: dict[str, openai.AsyncOpenAI] = {}
        self._transports: dict[str | None, httpx2.AsyncClient] = {}
        self._opening = asyncio.Lock()
        self._sender = Sender(connections=MOST_CONNECTIONS, kept_alive_s=KEPT_ALIVE_S, connect_s=CONNECT_S)

    @asynccontextmanager
    async def stream(self, endpoint: str, path: str, body: Mapping[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer whose body is still to be read; closed on the way out.  Raises ``AttemptFailed``."""
        await self.load()
        known = self._endpoints[endpoint]
        # Azure has the model in the address.
        key = (endpoint, path, str(body.get("model", "")))
        response = await self._sender.post(
            key, body, made_by=lambda transport: _made(known, transport), proxy=known.proxy
        )
        try:
            yield response
        finally:
            response.release()

    async def post(self, endpoint: str, path: str, body: Mapping[str, Any]) -> bytes:
        """A whole answer, bounded.  Raises ``AttemptFailed``."""
        async with self.stream(endpoint, path, body) as response:
            return await whole(response)

    async def transcribe(self, endpoint: str, model: str, name: str, media_type: str, content: bytes) -> bytes:
        """The JSON of a transcription.  Raises ``AttemptFailed``."""
        client = await self._client(endpoint)
        kind = media_type.split(";", maxsplit=1)[0].strip().lower()
        kind = kind if kind in SOUND_NAMES else "audio/ogg"
        failed: AttemptFailed
        try:
            raw = await client.audio.transcriptions.with_raw_response.create(
                file=(_file_name(name, SOUND_NAMES[kind]), content, kind), model=model, response_format="json"
            )
            return raw.content[:MOST_BYTES]
        except transport_errors() as error:
            failed = classify(error)
        raise failed

    async def models(self, endpoint: str) -> tuple[str, ...]:
        """The names of the models an endpoint offers.  Raises ``AttemptFailed``."""
        client = await self._client(endpoint)
        failed: AttemptFailed
        try:
            page = await client.models.list()
            return tuple(model.id for model in page.data or ())
        except transport_errors() as error:
            failed = classify(error)
        raise failed

    async def load(self) -> None:
        """Import the package and make the clients before a deadline runs; costs nothing the second time."""
        if self._clients or not self._endpoints:
            return
        async with self._opening:
            if not self._clients:
                # A second of imports, and certificates to be read: not while everybody waits.
                self._clients = await asyncio.to_thread(self._made_all)

    async def close(self) -> None:
        """Give up all connections; safe twice and before first use."""
        transports, self._transports = self._transports, {}
        self._clients = {}
        await self._sender.close()
        for transport in transports.values():
            await transport.aclose()

    async def _client(self, endpoint: str) -> openai.AsyncOpenAI:
        await self.load()
        return self._clients[endpoint]

    def _made_all(self) -> dict[str, openai.AsyncOpenAI]:
        _load()
        self._sender.load()
        return {id: self._made(endpoint) for id, endpoint in self._endpoints.items()}

    def _made(self, endpoint: Endpoint) -> openai.AsyncOpenAI:
        import httpx2  # noqa: PLC0415
        import openai  # noqa: PLC0415

        transport = self._transports.get(endpoint.proxy)
        if transport is None:
            limits = httpx2.Limits(
                max_connections=MOST_CONNECTIONS, max_keepalive_connections=100, keepalive_expiry=KEPT_ALIVE_S
            )
            # Every deadline but this is asyncio's; no redirects, which would carry the key along; nothing from the environment.
            transport = openai.DefaultAioHttpClient(
                limits=limits,
                timeout=httpx2.Timeout(None, connect=CONNECT_S),
                follow_redirects=False,
                trust_env=False,
                proxy=endpoint.proxy,
            )
            self._transports[endpoint.proxy] = transport
        return _made(endpoint, transport)


def _made(endpoint: Endpoint, transport: httpx2.AsyncClient) -> openai.AsyncOpenAI:
    """The package's client of an endpoint, over a transport."""
    import openai  # noqa: PLC0415

    client: openai.AsyncOpenAI
    if endpoint.dialect is Dialect.AZURE:
        client = openai.AsyncAzureOpenAI(
            azure_endpoint=endpoint.base_url,
            api_version=endpoint.api_version or "",
            api_key=endpoint.key or NO_KEY,
            max_retries=0,
            http_client=transport,
        )
    else:
        client = openai.AsyncOpenAI(
            base_url=endpoint.base_url, api_key=endpoint.key or NO_KEY, max_retries=0, http_client=transport
        )
    # What the package took from the environment by itself: ours enters through the YAML only.
    client.organization = client.project = client.admin_api_key = client.webhook_secret = None
    client._custom_headers = {"Accept-Encoding": "identity", **endpoint.headers}
    return client


def _file_name(name: str, ending: str) -> str:
    """A contact's file name without anything that could mean something, and with the ending of what it is."""
    stem = _UNSAFE.sub("-", name.rpartition(".")[0] or name).strip("-")[:40]
    return f"{stem or 'recording'}.{ending}"


def _load() -> None:
    # The package looks into httpx wherever that is loaded, also half loaded by another thread: have it whole before.
    import httpx  # noqa: F401, PLC0415
    import httpx2  # noqa: F401, PLC0415
    import openai  # noqa: PLC0415
    import openai.resources.chat  # noqa: F401, PLC0415

    for name in QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))


def decoded(body: bytes, into: type[msgspec.Struct]) -> Any:
    """A JSON answer as a struct; raises ``AttemptFailed``."""
    try:
        return msgspec.json.decode(body, type=into)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    raise AttemptFailed(Code.MALFORMED)
