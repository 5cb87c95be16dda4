"""What ``frontdesk doctor`` does: asks every account's channel to examine itself, and looks at our own addresses from outside.

Models and tools are examined by gateway/doctor_abilities.py.  Works beside a running serve and without one.  It sends nothing
to customers and stores nothing; every look has a time limit, and whatever is written down has its secrets struck out once more.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel, SecretStr

from adapters.web.settings import WebSettings, webhook_key
from adapters.web.signature import sign
from core.errors import FrontdeskError
from core.ports.channel import Channel, Finding, Level, SupportsDoctor, SupportsReceiving

EXAMINE_LIMIT_S: Final = 25.0
CALL_LIMIT_S: Final = 10.0
READ_BYTES: Final = 65_536
LEAST_SECRET_CHARS: Final = 6
"""Shorter ones would strike out ordinary words."""

PROBE: Final = json.dumps({"type": "frontdesk.doctor"}).encode()
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
START: Final = "Start it with `frontdesk serve`, then run the doctor again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """An account to be examined."""

    channel: Channel
    settings: BaseModel

    @property
    def needs_webhook(self) -> bool:
        """Whether its vendor (or the company's own back end) calls us."""
        if isinstance(self.channel, SupportsReceiving) and self.channel.is_receiving:
            return False
        return not isinstance(self.settings, WebSettings) or bool(self.settings.webhook_secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the process is: ``internal`` on this machine, ``base_url`` as vendors see it; ``admin`` reads the parked list."""

    internal: str
    base_url: str | None
    admin: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One account; or, with ``account`` "", what ``channel`` says: the server itself, models or tools.

    ``tenant`` is "" for what all tenants share.
    """

    account: str
    channel: str
    tenant: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an address of ours answered."""

    status: int
    location: str
    body: bytes

    @property
    def problem(self) -> str | None:
        """The code of a problem JSON, by which we know ourselves."""
        try:
            found = json.loads(self.body)
        except (ValueError, UnicodeDecodeError):
            return None
        kind = found.get("type") if isinstance(found, dict) else None
        is_ours = isinstance(kind, str) and kind.startswith("urn:frontdesk:problem:")
        return str(found.get("code")) if is_ours else None


async def examine(
    patients: Iterable[Patient], addresses: Addresses, *, limit_s: float = EXAMINE_LIMIT_S
) -> tuple[Examined, ...]:
    """Everything at once: the server first, then each account by its id."""
    found = sorted(patients, key=lambda patient: patient.channel.account)
    timeout = aiohttp.ClientTimeout(total=CALL_LIMIT_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        look = _Look(http, addresses, limit_s=limit_s)
        is_serving = await look.is_serving()
        parked = await look.parked() if is_serving else {}
        own = look.server(found, is_serving=is_serving)
        accounts = [look.account(patient, parked.get(patient.channel.account), is_serving) for patient in found]
        server, *examined = await asyncio.gather(own, *accounts)
    secrets = secrets_of(patient.settings for patient in found)
    return tuple(struck(item, secrets) for item in (server, *examined))


class _Look:
    """One round of looking."""

    def __init__(self, http: aiohttp.ClientSession, addresses: Addresses, *, limit_s: float) -> None:
        self._http = http
        self._limit_s = limit_s
        self._addresses = addresses

    async def is_serving(self) -> bool:
        """Whether a serve of this configuration runs on this machine."""
        reply = await self._call("GET", f"{self._addresses.internal}/healthz")
        return isinstance(reply, Reply) and reply.status == 200

    async def parked(self) -> Mapping[str, str]:
        """Why accounts are parked, as the running serve says."""
        if self._addresses.admin is None:
            return {}
        basic = b64encode(":".join(self._addresses.admin).encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        reply = await self._call("GET", f"{self._addresses.internal}/admin/accounts", headers=headers)
        if isinstance(reply, str) or reply.status != 200:
            return {}
        try:
            accounts = json.loads(reply.body)["accounts"]
            return {item["account"]: str(item["reason"]) for item in accounts if item["parked"]}
        except (ValueError, KeyError, TypeError):
            return {}

    async def server(self, patients: list[Patient], *, is_serving: bool) -> Examined:
        """Serve itself, and the address under which the world should find it."""
        findings = [_serving(is_serving)]
        needing = [patient.channel.account for patient in patients if patient.needs_webhook]
        base_url = self._addresses.base_url
        if base_url is None:
            findings += [_no_address(needing)] if needing else []
        else:
            findings += _scheme(base_url)
            if is_serving:
                findings.append(_reachable(await self._call("GET", f"{base_url.rstrip('/')}/healthz")))
        return Examined(account="", channel="server", tenant="", findings=tuple(findings))

    async def account(self, patient: Patient, parked: str | None, is_serving: bool) -> Examined:
        """One account: parked or not, what its channel finds, and its webhook from outside."""
        channel = patient.channel
        findings = [] if parked is None else [_parked(parked)]
        findings += await _examined(channel, self._limit_s)
        if is_serving and patient.needs_webhook and self._addresses.base_url is not None:
            findings.append(
                await self._webhook(patient, f"{self._addresses.base_url.rstrip('/')}/webhooks/{channel.account}")
            )
        if not findings:
            findings.append(Finding(check="account", level=Level.OK, what="No vendor behind it: nothing to examine."))
        return Examined(account=channel.account, channel=channel.kind, tenant=channel.tenant, findings=tuple(findings))

    async def _webhook(self, patient: Patient, url: str) -> Finding:
        """A probe as the vendor would send it: signed where we can sign, else unsigned, and then it must be refused."""
        settings, headers, is_signed = patient.settings, {"Content-Type": "application/json"}, False
        if isinstance(settings, WebSettings):
            secret = settings.webhook_secrets[0].get_secret_value()
            headers, is_signed = {**headers, **signed(webhook_key(secret), now=int(time.time()))}, True
        return webhook_finding(await self._call("POST", url, headers=headers, data=PROBE), is_signed=is_signed)

    async def _call(self, method: str, url: str, **options: Any) -> Reply | str:
        """The answer, or in words why there is none."""
        try:
            async with self._http.request(method, url, allow_redirects=False, **options) as response:
                body = await response.content.read(READ_BYTES)
                return Reply(status=response.status, location=response.headers.get("Location", ""), body=body)
        except aiohttp.ClientConnectorCertificateError:
            return "its certificate is not valid"
        except aiohttp.ClientConnectorDNSError:
            return "its name cannot be resolved"
        except TimeoutError:
            return f"no answer within {CALL_LIMIT_S:.0f} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"no connection ({type(error).__name__})"


def signed(key: bytes, *, now: int) -> dict[str, str]:
    """The headers of a signed probe; its type is unknown, so it is verified and ignored."""
    message_id = f"doctor_{now}"
    signature = sign(key, message_id=message_id, timestamp=now, body=PROBE)
    return {"webhook-id": message_id, "webhook-timestamp": str(now), "webhook-signature": signature}


async def _examined(channel: Channel, limit_s: float) -> list[Finding]:
    if not isinstance(channel, SupportsDoctor):
        return []
    try:
        async with asyncio.timeout(limit_s):
            return list(await channel.examine())
    except TimeoutError:
        what = f"The vendor did not answer within {limit_s:g} s."
    except FrontdeskError as error:
        what = error.safe_message
    except Exception as error:  # a channel's bug must not hide the others' findings
        what = f"The examination itself failed ({type(error).__name__})."
    return [Finding(check="examination", level=Level.FAILURE, what=what, mend="Try again; then report it.")]


def _serving(is_serving: bool) -> Finding:
    if is_serving:
        return Finding(check="serve", level=Level.OK, what="It runs on this machine.")
    what = "It does not run on this machine: addresses, webhooks and parked accounts were not looked at."
    return Finding(check="serve", level=Level.WARNING, what=what, mend=START)


def _no_address(needing: list[str]) -> Finding:
    return Finding(
        check="base_url",
        level=Level.FAILURE,
        what=f"server.public.base_url is not set: vendors cannot call {', '.join(needing)}.",
        mend="Set it to the public https address, or use a mode that needs none (polling, a socket).",
    )


def _scheme(base_url: str) -> list[Finding]:
    parts = urlsplit(base_url)
    if parts.scheme == "https" or parts.hostname in LOOPBACK:
        return []
    what = "server.public.base_url is not https: vendors refuse to call it."
    return [
        Finding(
            check="base_url",
            level=Level.FAILURE,
            what=what,
            mend="Terminate TLS in front of serve: docs/operations.md.",
        )
    ]


def _reachable(reply: Reply | str) -> Finding:
    """Whether the public address leads to us: ``/healthz`` there answers, or refuses in our own words."""
    mend = "Check DNS, the proxy and its route to the public listener."
    if isinstance(reply, str):
        return Finding(
            check="base_url", level=Level.FAILURE, what=f"The public address cannot be reached: {reply}.", mend=mend
        )
    if reply.body.strip() == b"ok" or reply.problem is not None:
        return Finding(check="base_url", level=Level.OK, what="The public address leads to this program.")
    return Finding(
        check="base_url",
        level=Level.FAILURE,
        what=f"Something else answers at the public address ({_said(reply)}).",
        mend=mend,
    )


def _said(reply: Reply) -> str:
    host = urlsplit(reply.location).netloc
    return f"status {reply.status}, redirects to {host}" if host else f"status {reply.status}"


def _parked(reason: str) -> Finding:
    return Finding(
        check="parked",
        level=Level.FAILURE,
        what=f"The account is parked ({reason}): nothing is sent, what customers write is kept.",
        mend="Mend what the vendor refuses; it is tried again every minute and frees itself.",
    )


def webhook_finding(reply: Reply | str, *, is_signed: bool) -> Finding:
    """What the answer to a probe says about a webhook."""
    failure, warning = Level.FAILURE, Level.WARNING
    if isinstance(reply, str):
        what, mend = (
            f"The webhook cannot be reached: {reply}.",
            "Check DNS, the proxy and its route to the public listener.",
        )
        return Finding(check="reachable", level=failure, what=what, mend=mend)
    code = reply.problem
    if is_signed and reply.status == 200:
        return Finding(check="reachable", level=Level.OK, what="Reached from outside; a signed event was verified.")
    if not is_signed and reply.status == 401 and code is not None:
        return Finding(check="reachable", level=Level.OK, what="Reached from outside; an unsigned event was refused.")
    if code == "account_unknown":
        return Finding(
            check="reachable",
            level=failure,
            what="The serve at the public address does not know this account.",
            mend="Reload its configuration (SIGHUP), or point the address to this installation.",
        )
    if is_signed and reply.status == 401:
        mend = "The proxy must pass the body and the webhook-… headers on untouched, and the clocks must agree."
        return Finding(check="reachable", level=failure, what="Our own signature was refused.", mend=mend)
    if 300 <= reply.status < 400:
        mend = "Vendors do not follow redirects: set base_url to where it leads."
        return Finding(check="reachable", level=failure, what=f"The address redirects ({_said(reply)}).", mend=mend)
    if code is not None or 200 <= reply.status < 300:
        mend = "Turn the account's signature check on (observe mode is for the first days only)."
        what = f"An unsigned event was not refused for its signature ({_said(reply)})."
        return Finding(check="reachable", level=warning, what=what, mend="" if is_signed else mend)
    mend = "The proxy must pass POST /webhooks/ on to the public listener."
    return Finding(check="reachable", level=failure, what=f"Something else answers there ({_said(reply)}).", mend=mend)


def secrets_of(settings: Iterable[BaseModel]) -> tuple[str, ...]:
    """Every secret of some settings, the longest first."""
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, SecretStr):
            found.add(value.get_secret_value())
        elif isinstance(value, BaseModel):
            for name in type(value).model_fields:
                walk(getattr(value, name))
        elif isinstance(value, Mapping):
            for item in value.values():
                walk(item)
        elif isinstance(value, list | tuple | set | frozenset):
            for item in value:
                walk(item)

    for each in settings:
        walk(each)
    return tuple(sorted((text for text in found if len(text) >= LEAST_SECRET_CHARS), key=len, reverse=True))


def struck(item: Examined, secrets: tuple[str, ...]) -> Examined:
    """The same without a secret, whatever a vendor quoted."""

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[secret]")
        return text

    findings = tuple(replace(found, what=clean(found.what), mend=clean(found.mend)) for found in item.findings)
    return replace(item, findings=findings)


def is_well(examined: Iterable[Examined]) -> bool:
    """Whether nothing failed."""
    return all(found.level is not Level.FAILURE for item in examined for found in item.findings)
