"""``frontdesk doctor``: what it finds, what it says to mend, its exit code, and that no secret is ever in its words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import BaseModel, SecretStr

from adapters.web.settings import WebSettings, webhook_key
from adapters.web.signature import Keys, verify
from core.errors import ProviderUnavailable
from core.ports.channel import Finding, Level
from gateway.doctor import Addresses, Examined, Patient, Reply, examine, is_well, secrets_of, webhook_finding
from gateway.http import problem
from tests.flows.company import ACCOUNT, PASSWORD, WEBHOOK_SECRET, settings
from tests.identity.world import Chat
from tests.nursery import QuickServed

OK, WARNING, FAILURE = Level.OK, Level.WARNING, Level.FAILURE
CANARY = "canary-token-of-the-vendor"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Block(BaseModel):
    """An account's settings, with a secret deep inside."""

    token: SecretStr = SecretStr(CANARY)
    keys: list[dict[str, SecretStr]] = [{"main": SecretStr("canary-key-in-a-list")}]
    short: SecretStr = SecretStr("abc")


class Examinable(Chat):
    """A channel that finds what it is told to."""

    def __init__(self, account: str, *found: Finding, error: Exception | None = None, hangs: bool = False) -> None:
        super().__init__("telegram", account)
        self.found, self.error, self.hangs = found, error, hangs

    async def examine(self) -> tuple[Finding, ...]:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.found


class Polling(Examinable):
    """A channel that fetches its events itself."""

    is_receiving = True

    async def receive(self, accept: Any) -> None:
        raise NotImplementedError


@dataclass(kw_only=True)
class Net:
    """The two listeners as the doctor meets them; each may be anything."""

    internal: str
    public: str


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def healthy(_: web.Request) -> web.StreamResponse:
    return web.Response(text="ok\n")


def answering(status: int, code: str | None = None, **headers: str) -> Handler:
    """A public address that answers everything alike, in our own words when there is a code."""

    async def handler(_: web.Request) -> web.StreamResponse:
        if code is not None:
            return problem.response(problem.problem(status, code, "No."))
        return web.Response(status=status, headers=headers, text="<html>nginx</html>")

    return handler


async def looked(
    *patients: Patient,
    public: Handler | None = None,
    internal: Handler | None = healthy,
    base_url: str | None = None,
    admin: tuple[str, str] | None = None,
    limit_s: float = 10.0,
) -> dict[str, list[Finding]]:
    """All findings by account, over real sockets; no ``internal``: serve does not run."""
    nobody = "http://127.0.0.1:1"
    async with listening(internal or healthy) as inside, listening(public or healthy) as outside:
        addresses = Addresses(
            internal=inside if internal is not None else nobody,
            base_url=base_url or (outside if public is not None else None),
            admin=admin,
        )
        examined = await examine(patients, addresses, limit_s=limit_s)
    assert not [secret for secret in (CANARY, "canary-key-in-a-list") if secret in str(examined)]
    return {item.account: list(item.findings) for item in examined}


def patient(channel: Chat, block: BaseModel | None = None) -> Patient:
    return Patient(channel=channel, settings=block or Block())


def levels(found: list[Finding], check: str) -> list[Level]:
    return [item.level for item in found if item.check == check]


FINE = Finding(check="credentials", level=OK, what="The token is good.")


async def test_each_account_tells_its_own_and_the_server_comes_first() -> None:
    found = await looked(
        patient(Polling("b", FINE)), patient(Polling("a", Finding(check="scopes", level=WARNING, what="few")))
    )
    assert list(found) == ["", "a", "b"]
    assert found["b"] == [FINE]
    assert levels(found[""], "serve") == [OK]


async def test_without_serve_the_vendors_alone_are_asked() -> None:
    found = await looked(patient(Examinable("a", FINE)), internal=None, public=answering(502))
    assert [item.level for item in found[""]] == [WARNING]
    assert found["a"] == [FINE]


async def test_a_channel_that_fails_or_hangs_hides_nobody() -> None:
    found = await looked(
        patient(Polling("bug", error=ZeroDivisionError(CANARY))),
        patient(Polling("down", error=ProviderUnavailable("The vendor cannot be reached."))),
        patient(Polling("slow", hangs=True)),
        patient(Polling("well", FINE)),
        limit_s=0.2,
    )
    assert [levels(found[name], "examination") for name in ("bug", "down", "slow")] == [[FAILURE]] * 3
    assert found["well"] == [FINE]
    assert "ZeroDivisionError" in found["bug"][0].what
    assert "cannot be reached" in found["down"][0].what


async def test_secrets_that_a_vendor_quotes_are_struck_out() -> None:
    quoting = Finding(check="x", level=FAILURE, what=f"bad token {CANARY}", mend="use canary-key-in-a-list")
    found = await looked(patient(Polling("a", quoting)))
    assert found["a"] == [Finding(check="x", level=FAILURE, what="bad token [secret]", mend="use [secret]")]
    assert set(secrets_of([Block()])) == {CANARY, "canary-key-in-a-list"}


async def test_vendors_that_call_need_an_address_and_others_do_not() -> None:
    found = await looked(patient(Examinable("caller", FINE)), patient(Polling("poller", FINE)))
    (missing,) = [item for item in found[""] if item.check == "base_url"]
    assert missing.level is FAILURE
    assert "caller" in missing.what
    assert "poller" not in missing.what
    assert levels((await looked(patient(Polling("poller", FINE))))[""], "base_url") == []


@pytest.mark.parametrize(
    ("public", "level", "words"),
    [
        (healthy, OK, "leads to this program"),
        (answering(404, "path_unknown"), OK, "leads to this program"),
        (answering(502), FAILURE, "status 502"),
        (answering(301, Location="https://www.example.org/x?token=1"), FAILURE, "redirects to www.example.org)"),
    ],
)
async def test_the_public_address_must_lead_to_us(public: Handler, level: Level, words: str) -> None:
    found = await looked(public=public)
    (item,) = [item for item in found[""] if item.check == "base_url"]
    assert (item.level, words in item.what) == (level, True)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:1", "no connection"),
        ("https://no.such.host.invalid", "cannot be re"),
        ("http://shop.invalid", "https"),
    ],
)
async def test_an_address_that_nobody_can_use(address: str, words: str) -> None:
    found = [item for item in (await looked(base_url=address))[""] if item.check == "base_url"]
    assert FAILURE in [item.level for item in found]
    assert any(words in item.what for item in found)


@pytest.mark.parametrize(
    ("public", "level", "words"),
    [
        (answering(401, "signature_invalid"), OK, "an unsigned event was refused"),
        (answering(404, "account_unknown"), FAILURE, "does not know this account"),
        (answering(200), WARNING, "not refused for its signature"),
        (answering(400, "payload_malformed"), WARNING, "not refused for its signature"),
        (answering(302, Location="https://elsewhere.example/"), FAILURE, "redirects"),
        (answering(401), FAILURE, "Something else answers there"),
        (answering(503), FAILURE, "Something else answers there"),
    ],
)
async def test_an_unsigned_probe_must_be_refused_for_its_signature(public: Handler, level: Level, words: str) -> None:
    (item,) = [i for i in (await looked(patient(Examinable("a")), public=public))["a"] if i.check == "reachable"]
    assert (item.level, words in item.what) == (level, True)
    assert (item.mend == "") is (level is OK)


async def test_a_page_with_a_webhook_secret_gets_a_signed_probe() -> None:
    seen: list[str] = []
    block = WebSettings(webhook_secrets=[SecretStr(WEBHOOK_SECRET)])

    async def public(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            from datetime import UTC, datetime

            keys = Keys([webhook_key(WEBHOOK_SECRET)])
            verify(keys, headers=request.headers, body=await request.read(), now=datetime.now(UTC))
            seen.append(request.path)
        return web.json_response({"accepted": 0})

    found = await looked(patient(Chat("web", "shop-web"), block), public=public)
    assert levels(found["shop-web"], "reachable") == [OK]
    assert seen == ["/webhooks/shop-web"]
    without = await looked(patient(Chat("web", "shop-web"), WebSettings()), public=public)
    assert [item.check for item in without["shop-web"]] == ["account"]


async def test_parked_accounts_are_named_when_serve_tells_and_only_with_a_login() -> None:
    listed = {
        "accounts": [
            {"account": "a", "parked": True, "reason": "credentials_invalid"},
            {"account": "b", "parked": False},
        ]
    }

    async def internal(request: web.Request) -> web.StreamResponse:
        if request.path == "/admin/accounts":
            return web.json_response(listed, status=200 if "Authorization" in request.headers else 401)
        return await healthy(request)

    both = (patient(Polling("a", FINE)), patient(Polling("b", FINE)))
    found = await looked(*both, internal=internal, admin=("sam", "pw"))
    assert levels(found["a"], "parked") == [FAILURE]
    assert found["b"] == [FINE]
    assert found["a"][0].what.startswith("The account is parked (credentials_invalid)")
    assert (await looked(*both, internal=internal))["a"] == [FINE]


def test_well_means_that_nothing_failed() -> None:
    def item(level: Level) -> Examined:
        return Examined(account="a", channel="web", tenant="t", findings=(Finding(check="x", level=level, what=""),))

    assert is_well([item(OK), item(WARNING)])
    assert not is_well([item(OK), item(FAILURE)])


def test_a_refused_signature_of_our_own_is_the_proxys_or_the_clocks() -> None:
    refused = Reply(status=401, location="", body=b'{"type":"urn:frontdesk:problem:x","code":"signature_invalid"}')
    found = webhook_finding(refused, is_signed=True)
    assert found.level is FAILURE
    assert "proxy" in found.mend


class Clinic:
    """A real serve and the real command."""

    def __init__(self, folder: Path, *accounts: dict[str, Any]) -> None:
        knowledge = folder / "kb"
        knowledge.mkdir(parents=True)
        (knowledge / "a.md").write_text("# A\n\nText.\n")
        self.served = QuickServed(folder, settings(knowledge))
        self.block = settings(knowledge, public={"base_url": self.served.url})
        self.block["tenants"][0]["accounts"] += accounts
        self.served.write(self.block)

    def run(self, *args: str) -> tuple[int, str]:
        done = self.served.command("doctor", *args)
        for secret in (PASSWORD, WEBHOOK_SECRET, CANARY):
            assert secret not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr


def test_beside_a_running_serve_everything_is_well_and_without_one_it_says_so(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "acme")
    clinic.served.start()
    try:
        code, said = clinic.run("--json")
        found = json.loads(said)
        assert (code, found["well"]) == (0, True)
        (account,) = found["accounts"]
        assert account["account"] == ACCOUNT
        assert [(f["check"], f["level"]) for f in account["findings"]] == [("reachable", "ok")]
        assert {f["check"]: f["level"] for f in found["server"]} == {"serve": "ok", "base_url": "ok"}
    finally:
        clinic.served.stop()
    code, said = clinic.run()
    assert code == 0
    assert "It does not run on this machine" in said


def test_a_vendor_that_cannot_be_reached_is_a_failure_and_an_unknown_account_wrong_usage(tmp_path: Path) -> None:
    telegram = {
        "id": "acme-tel", "channel": "telegram", "token": f"7000000001:{CANARY}", "bot_username": "acme_bot",
        "webhook_secrets": [f"secret-{CANARY}"], "api_url": "http://127.0.0.1:1/telegram",
    }  # fmt: skip
    clinic = Clinic(tmp_path / "acme", telegram)
    code, said = clinic.run("--account", "acme-tel")
    assert code == 1
    assert "FAILURE" in said
    assert ACCOUNT not in said
    code, said = clinic.run("--account", "acme-tell")
    assert code == 2
    assert "there are: acme-web, acme-tel" in said
