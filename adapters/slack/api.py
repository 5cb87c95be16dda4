"""The Web API through the vendor's SDK: one session, no retries of its own, failures told apart.

A call that never left is ``ProviderUnavailable``, one whose answer was lost ``OutcomeUnknown``; a refusal is raised as
``Refused`` by ``ask``, for callers that know what to do about it, and as its ``DeliveryError`` by ``call``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from adapters.slack.errors import Refused
from core.errors import DeliveryError, OutcomeUnknown, ProviderUnavailable
from core.vendors.http import VendorHttp

if TYPE_CHECKING:
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

CALL_LIMIT_S: Final = 20.0
UPLOAD_LIMIT_S: Final = 60.0

Values = dict[str, Any]


def quiet_logger() -> logging.Logger:
    """The SDK writes bodies into its log; what matters is in our errors."""
    logger = logging.getLogger("frontdesk.slack_sdk")
    logger.setLevel(logging.CRITICAL)
    return logger


class SlackApi:
    """Calls of one account; ``token`` is given with each call because installations renew theirs."""

    def __init__(self, url: str) -> None:
        self._url = url if url.endswith("/") else url + "/"
        self._http = VendorHttp(limit_s=CALL_LIMIT_S)
        self._client: AsyncWebClient | None = None

    def client(self) -> AsyncWebClient:
        """The SDK's client on our session; made on first use, since its import is slow."""
        from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415

        session = self._http.session()
        if self._client is None or self._client.session is not session:
            self._client = AsyncWebClient(
                base_url=self._url, session=session, retry_handlers=[], logger=quiet_logger(), timeout=int(CALL_LIMIT_S)
            )
        return self._client

    async def ask(
        self,
        method: str,
        *,
        token: str | None,
        json: Values | None = None,
        params: Values | None = None,
        form: Values | None = None,
    ) -> Answer:
        """One call; raises ``Refused``, ``ProviderUnavailable`` or ``OutcomeUnknown``.

        ``params`` stand in the address: secrets go in ``form``.
        """
        from slack_sdk.errors import SlackApiError  # noqa: PLC0415

        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                response = await self.client().api_call(method, json=json, params=params, data=form, headers=headers)
        except SlackApiError as error:
            raise _refused(error) from None
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise ProviderUnavailable("Slack cannot be reached.") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutcomeUnknown("Slack's answer was lost.") from error
        except (AttributeError, ValueError) as error:
            # The SDK trips over a 200 whose body is no JSON object, such as a proxy's page.
            raise OutcomeUnknown("Slack's answer cannot be read.") from error
        data = response.data if isinstance(response.data, dict) else {}
        return Answer(data, response.headers)

    async def call(
        self,
        method: str,
        *,
        token: str | None,
        json: Values | None = None,
        params: Values | None = None,
        form: Values | None = None,
    ) -> Values:
        """One call; raises ``DeliveryError``."""
        try:
            return (await self.ask(method, token=token, json=json, params=params, form=form)).data
        except Refused as refused:
            raise refused.as_error() from None

    async def upload(self, url: str, body: bytes) -> None:
        """Put a file's bytes where Slack asked for them; nobody sees them before the upload is completed."""
        try:
            async with asyncio.timeout(UPLOAD_LIMIT_S):
                answer = await self._http.call("POST", url, data=body)
        except (OutcomeUnknown, TimeoutError) as error:
            raise ProviderUnavailable("The upload to Slack was cut off.") from error
        if answer.status != 200:
            raise ProviderUnavailable("Slack did not take the file.", retry_after_s=answer.retry_after_s)

    async def close(self) -> None:
        """Close the session; safe twice and before first use."""
        self._client = None
        await self._http.close()


class Answer:
    """An ``ok`` answer: its fields and its headers."""

    __slots__ = ("data", "headers")

    def __init__(self, data: Values, headers: Mapping[str, str]) -> None:
        self.data = data
        self.headers = headers


def _refused(error: SlackApiError) -> Refused:
    """The SDK's error; its ``response`` is an aiohttp response when the body could not be read."""
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
    data = getattr(response, "data", None)
    word = str(data.get("error") or "") if isinstance(data, dict) else ""
    wait = str((getattr(response, "headers", None) or {}).get("Retry-After", ""))
    return Refused(word, status=status, retry_after_s=float(wait) if wait.isascii() and wait.isdigit() else None)


def text_of(data: Values, *path: str) -> str:
    """A text in an answer; ``OutcomeUnknown`` when Slack said ok without it."""
    value: Any = data
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise OutcomeUnknown("Slack's answer lacks a field.")
    return value


def certain(error: DeliveryError) -> DeliveryError:
    """The same failure of a step that shows nobody anything: it may simply be done again."""
    return error if not isinstance(error, OutcomeUnknown) else ProviderUnavailable(error.safe_message)
