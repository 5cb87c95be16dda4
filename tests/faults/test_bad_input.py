"""What a whole process does with bad circumstances: full and read-only disks, a second serve, broken and empty knowledge."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
from base64 import b64encode
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from evals.chat import Answer, ask
from evals.serving import Served, get_status
from tests.faults.books import books_of
from tests.flows.company import ACCOUNT, PASSWORD, QUESTIONS, WEBHOOK_SECRET
from tests.flows.conftest import MakeCompany
from tests.nursery import QuickServed

ROOMY = 10**12
BIG = "How much is delivery to Germany? " * 100


def _lines(served: Served) -> list[dict[str, Any]]:
    """The structured log."""
    return [json.loads(line) for line in served.log_text().splitlines() if line.startswith("{")]


def _events(served: Served) -> list[str]:
    return [line["event"] for line in _lines(served)]


def _grow_until(served: Served, size: int) -> None:
    """From here on the process cannot make any file larger than ``size``: a full disk, as the kernel tells it."""
    resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (size, ROOMY))


def _largest_file(served: Served) -> int:
    return max(path.stat().st_size for path in (served.folder / "var").glob("frontdesk.sqlite3*"))


async def _say(http: aiohttp.ClientSession, served: Served, token: str, number: int) -> tuple[int, dict[str, Any], str]:
    """Status, body and Retry-After of one message."""
    said = {"client_msg_id": f"m-{number}", "text": BIG}
    headers = {"Authorization": f"Bearer {token}"}
    async with http.post(f"{served.url}/v1/web/messages", json=said, headers=headers) as response:
        return response.status, await response.json(), response.headers.get("Retry-After", "")


async def test_a_full_disk_refuses_whole_messages_and_recovers(make_company: MakeCompany) -> None:
    served = make_company(account={"max_text": 20_000})
    served.start()
    accepted: list[str] = []
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{served.url}/v1/web/sessions", json={}) as response:
            token = (await response.json())["session_token"]
        _grow_until(served, _largest_file(served) + 65_536)
        refused: dict[str, Any] = {}
        for number in range(400):
            status, body, retry = await _say(http, served, token, number)
            if status == 503:
                refused = {**body, "header": retry}
                break
            assert status == 202, body
            accepted.append(body["message_id"])
        assert refused["code"] == "store_unavailable" and refused["header"], "the disk was full at some time"
        async with http.get(served.internal_url + "/readyz") as response:
            assert response.status == 503
        _grow_until(served, ROOMY)
        async with http.get(served.internal_url + "/readyz") as response:
            assert response.status == 200
        status, body, _ = await _say(http, served, token, 1_000)
        assert status == 202 and not body["duplicate"]
        accepted.append(body["message_id"])
    assert served.stop() == 0
    served.start()
    async with aiohttp.ClientSession() as http:
        answer = await ask(http, served.url, QUESTIONS[0], token=token)
        assert "done" in answer.events, "all that was accepted before is answered, since one lane works in order"
    assert served.stop() == 0
    books = books_of(served)
    stood = {message.id for messages in books.messages.values() for message in messages}
    assert set(accepted) <= stood, "kept what was acknowledged"
    assert len(books.events) == len(accepted) + 1, "and nothing else"
    assert None not in books.events.values()


WITHOUT_OVERRIDE = ("setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override")
"""Root may write read-only files, unless it gives that up."""


async def test_a_read_only_database_is_told_as_503_and_stays_readable(make_company: MakeCompany) -> None:
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root may write read-only files, and there is no setpriv to give that up")
    served = make_company()
    served.start()
    async with aiohttp.ClientSession() as http:
        first = await ask(http, served.url, QUESTIONS[0])
    assert served.stop() == 0
    (served.folder / "var" / "frontdesk.sqlite3").chmod(0o444)
    served.prefix = WITHOUT_OVERRIDE if os.geteuid() == 0 else ()
    served.start(wait=False)
    await _check_read_only(served, first)
    assert served.stop() == 0


def _wait_until_it_lives(served: Served) -> None:
    child = served.process
    assert child is not None
    while get_status(served.internal_url + "/healthz") != 200:
        with suppress(subprocess.TimeoutExpired):
            assert child.wait(0.05) == 0, served.log_text()[-2000:]


async def _check_read_only(served: Served, first: Answer) -> None:
    headers = {"Authorization": f"Bearer {first.token}"}
    await asyncio.to_thread(_wait_until_it_lives, served)
    async with aiohttp.ClientSession() as http:
        async with http.get(served.internal_url + "/readyz") as response:
            assert response.status == 503
        async with http.post(f"{served.url}/chat", json={"user_message": "Hello?"}, headers=headers) as response:
            assert response.status == 503 and response.headers["Retry-After"]
            assert (await response.json())["code"] == "store_unavailable"
        async with http.get(f"{served.url}/conversations/{first.conv}", headers=headers) as response:
            told = await response.json()
    assert [message["role"] for message in told["messages"]] == ["contact", "bot"] and not told["unread"]


def test_a_second_serve_on_the_same_data_is_refused(make_company: MakeCompany) -> None:
    served = make_company()
    served.start()
    other = QuickServed(served.folder / "other", {**json.loads(served.config.read_text()), "data_dir": "../var"})
    ended = other.command("serve")
    assert ended.returncode == 3
    assert f"in use by another `frontdesk serve` (process {served.pid})" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert served.stop() == 0, "the first one never noticed"


def test_a_port_that_is_taken_is_refused(make_company: MakeCompany) -> None:
    served, other = make_company(), make_company(is_synced=False)
    served.start()
    other.port = served.port
    other.write(json.loads(other.config.read_text()))
    ended = other.command("serve")
    assert ended.returncode == 3
    assert "cannot start" in ended.stderr and "Traceback" not in ended.stderr


async def test_a_damaged_index_is_rebuilt_from_the_documents(make_company: MakeCompany) -> None:
    served = make_company()
    files = [path for path in (served.folder / "var" / "index").rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(b"\xde\xad" * 40)
    served.start()
    # The rebuild runs beside the server, which asks people meanwhile; a stopped server has finished or left it to the next.
    async with aiohttp.ClientSession() as http:
        answer = await ask(http, served.url, QUESTIONS[0])
        for _ in range(200):
            if answer.sources:
                break
            answer = await ask(http, served.url, QUESTIONS[0])
    assert answer.sources, "answered from the new index"
    assert "index_damaged" in _events(served) and "index_rebuilt" in _events(served)
    assert served.stop() == 0


async def test_without_knowledge_the_admin_is_told_and_customers_get_a_person(make_company: MakeCompany) -> None:
    served = make_company(is_synced=False)
    served.start()
    (told,) = [line for line in _lines(served) if line["event"] == "knowledge_empty"]
    assert told["level"] == "warning" and "frontdesk sync" in told["mend"]
    async with aiohttp.ClientSession() as http:
        answer = await ask(http, served.url, QUESTIONS[0])
    assert "escalation_confirmed" in answer.events
    assert served.stop() == 0


CANARIES = {
    "words": "canary-words-51c7",
    "password": PASSWORD,
    "secret": WEBHOOK_SECRET,
    "session secret": "canary-session-secret-0123456789abcdef",
    "bearer": "canary-bearer-99aa",
    "address": "canary-email@example.com",
}


async def test_secrets_and_words_never_reach_the_log(make_company: MakeCompany) -> None:
    served = make_company(session_secret=CANARIES["session secret"])
    served.start()
    words = CANARIES["words"]
    async with aiohttp.ClientSession() as http:
        answer = await ask(http, served.url, f"{words} my mail is {CANARIES['address']}, a person please")
        assert answer.status == 200
        bad = {"Authorization": f"Bearer {CANARIES['bearer']}"}
        for path, body in (
            ("/chat", f'{{"user_message": "{words}", "x": 1}}'),
            ("/chat", words),
            ("/v1/web/messages", "{}"),
        ):
            async with http.post(
                served.url + path, data=body, headers={**bad, "Content-Type": "application/json"}
            ) as r:
                assert r.status in (400, 401, 422), path
        async with http.post(f"{served.url}/webhooks/{ACCOUNT}", data=words, headers={"webhook-id": words}) as r:
            assert r.status == 401
        login = {"id": "sam", "password": PASSWORD + "x"}
        basic = "Basic " + b64encode(f"sam:{PASSWORD}x".encode()).decode()
        async with http.post(
            served.internal_url + "/desk/login", json=login, headers={"Origin": served.internal_url}
        ) as r:
            assert r.status == 401
        async with http.get(served.internal_url + "/admin/trace/c_1", headers={"Authorization": basic}) as r:
            assert r.status == 401
    assert served.stop() == 0
    log = served.log_text()
    assert log, "there is a log to look at"
    for name, canary in {**CANARIES, "token": answer.token, "basic": basic}.items():
        assert canary not in log, name
