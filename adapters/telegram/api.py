"""The way to the Bot API: python-telegram-bot's ``Bot`` for what is sent, raw calls for what must keep its bytes.

The token is part of every address: no address is logged, stored or quoted in an error.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from adapters.telegram.errors import MOST_WAIT_S, of_sdk, refusal
from core.errors import OutcomeUnknown, ProviderUnavailable
from core.vendors.http import Answer, VendorHttp

if TYPE_CHECKING:
    from telegram import Bot
    from telegram.request import HTTPXRequest

T = TypeVar("T")

CALL_LIMIT_S: Final = 25.0
UPLOAD_LIMIT_S: Final = 90.0
CONNECTIONS: Final = 32
QUIET: Final = ("httpx", "httpcore", "telegram")
"""Their lines below WARNING hold addresses, and with them the token."""

UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError)
"""What the SDK raises over an answer whose shape it does not know: the call was done, only its result is lost."""


class Parameters(msgspec.Struct, frozen=True):
    """Why a call may be tried again, or where."""

    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class Result(msgspec.Struct, frozen=True):
    """Every answer of the Bot API."""

    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    parameters: Parameters | None = None


class BotApi:
    """The Bot API with one bot's token; connections are opened on first use."""

    def __init__(self, token: str, api_url: str, *, limit_s: float = CALL_LIMIT_S) -> None:
        self._token = token
        self._api_url = api_url
        self._limit_s = limit_s
        self._bot: Bot | None = None
        self._request: HTTPXRequest | None = None
        self._opening = asyncio.Lock()
        self._http = VendorHttp(limit_s=limit_s)

    @property
    def files_url(self) -> str:
        """Under which files are served; holds the token."""
        return f"{self._api_url}/file/bot{self._token}"

    async def ask(self, call: Callable[[Bot], Awaitable[T]], *, limit_s: float | None = None) -> T:
        """One call through the SDK; raises ``DeliveryError``."""
        bot = await self._opened()
        from telegram.error import TelegramError  # noqa: PLC0415  slow to import, done by now

        try:
            async with asyncio.timeout(limit_s or self._limit_s):
                return await call(bot)
        except TelegramError as error:
            raise of_sdk(error) from error
        except (TimeoutError, *UNREADABLE) as error:
            raise OutcomeUnknown("Telegram's answer was lost.") from error

    async def read(
        self, method: str, shape: type[T], parameters: Mapping[str, object] | None = None
    ) -> tuple[T, Answer]:
        """One call that changes nothing, its result as ``shape``; raises ``DeliveryError``, never ``OutcomeUnknown``."""
        url = f"{self._api_url}/bot{self._token}/{method}"
        try:
            answer = await self._http.call("POST", url, json=parameters or {})
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Telegram's answer was lost.") from error
        try:
            result = msgspec.json.decode(answer.body, type=Result)
            if answer.status == 200 and result.ok:
                return msgspec.json.decode(result.result, type=shape), answer
        except (msgspec.MsgspecError, UnicodeDecodeError):
            result = Result(False)
        if answer.status == 200:
            raise ProviderUnavailable("Telegram answered with something else than its API.")
        more = result.parameters or Parameters()
        wait = None if more.retry_after is None else min(more.retry_after, MOST_WAIT_S)
        raise refusal(answer.status, result.description, retry_after_s=wait, moved_to=more.migrate_to_chat_id)

    async def close(self) -> None:
        """Give up connections; safe twice and before first use."""
        request, self._request, self._bot = self._request, None, None
        if request is not None:
            await request.shutdown()
        await self._http.close()

    async def _opened(self) -> Bot:
        async with self._opening:
            if self._bot is not None:
                return self._bot
            # The import takes half a second and the TLS context its time: not while everybody waits.
            self._request, bot = await asyncio.to_thread(self._open)
            self._bot = bot
            return bot

    def _open(self) -> tuple[HTTPXRequest, Bot]:
        from telegram import Bot  # noqa: PLC0415  slow to import
        from telegram.request import HTTPXRequest  # noqa: PLC0415  slow to import

        # The SDK's only switch for what it will do anyway, give waits as timedelta; without it each 429 is a warning.
        os.environ.setdefault("PTB_TIMEDELTA", "1")
        for name in QUIET:
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.WARNING))
        request = HTTPXRequest(
            connection_pool_size=CONNECTIONS,
            connect_timeout=5.0,
            pool_timeout=5.0,
            read_timeout=self._limit_s,
            write_timeout=self._limit_s,
            media_write_timeout=UPLOAD_LIMIT_S,
        )
        base = self._api_url
        bot = Bot(
            self._token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=request,
            get_updates_request=request,
        )
        return request, bot
