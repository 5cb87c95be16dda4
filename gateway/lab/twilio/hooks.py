"""The webhooks that Twilio posts: forms, signed over the address as called, retried as the address's fragment says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp

from gateway.lab.vendor import Delivered, Hook

FORM = "application/x-www-form-urlencoded"


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """``X-Twilio-Signature``: the address, then each field's name and value in the order of the names."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def retries(url: str) -> tuple[int, frozenset[str]]:
    """How often, and after which failures, a webhook is tried again (``#rc=3&rp=all``); by default once after a lost connect."""
    rules = dict(part.partition("=")[::2] for part in url.partition("#")[2].split("&"))
    count = int(rules["rc"]) if rules.get("rc", "").isdigit() else 1
    policy = frozenset(rules.get("rp", "ct").split(","))
    return min(count, 5), frozenset(("4xx", "5xx", "ct", "rt")) if "all" in policy else policy


class Poster:
    """Posts forms to Frontdesk.

    ``hook`` has the address that is registered for inbound messages.  ``signs_as`` is the public address that Twilio believes
    it calls, when a proxy stands between: it is signed, while the post goes to ``hook.url``.
    """

    def __init__(self, hook: Hook, *, token: str, signs_as: str | None = None) -> None:
        self._hook = hook
        self._session: aiohttp.ClientSession | None = None
        self.token = token
        self.signs_as = signs_as
        self.attempts: list[int] = []
        """The status of each attempt so far; 0 when there was no answer."""

    async def inbound(self, form: Mapping[str, str]) -> Delivered:
        """A message of a contact, with retries."""
        url = self._hook.url
        signed = (self.signs_as or url).partition("#")[0]
        count, policy = retries(url)
        headers = self._headers(signed, form)
        for left in range(count, -1, -1):
            answer, failure = await self._try(form, headers)
            if failure is None or failure not in policy or left == 0:
                return answer
        raise AssertionError

    async def _try(self, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[Delivered, str | None]:
        failure: str | None
        try:
            answer = await self._hook.post(urlencode(form).encode(), headers)
        except TimeoutError:
            answer, failure = Delivered(0, b""), "rt"
        except aiohttp.ClientError:
            answer, failure = Delivered(0, b""), "ct"
        else:
            failure = "5xx" if answer.status >= 500 else "4xx" if answer.status >= 400 else None
        self.attempts.append(answer.status)
        return answer, failure

    async def status(self, url: str, form: Mapping[str, str]) -> Delivered:
        """A status callback, to the address that came with the message."""
        target = url
        ours = self._hook.url.partition("#")[0]
        if self.signs_as is not None and url.startswith(self.signs_as):
            target = ours + url.removeprefix(self.signs_as)
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        headers = self._headers(url, form)
        async with self._session.post(target, data=urlencode(form).encode(), headers=headers) as response:
            return Delivered(response.status, await response.read())

    async def close(self) -> None:
        """Close the connections; safe twice."""
        if self._session is not None:
            await self._session.close()
        await self._hook.close()

    def _headers(self, url: str, form: Mapping[str, str]) -> dict[str, str]:
        return {
            "Content-Type": FORM,
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature(self.token, url, form),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        }
