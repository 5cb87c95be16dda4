"""A served company with a scripted model and one tool, for the operator's commands: real sockets, a real store."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import jwt
from aiohttp import web

from config import Settings
from core.domain import Audience, Message
from evals.chat import Answer, ask
from evals.serving import ROOT
from gateway.compose import load_settings
from gateway.lab.model import ModelLab, read_script
from gateway.store.embedded.sqlite import SqliteStore
from tests.core import world as core_world
from tests.flows.company import ACCOUNT, TENANT, settings, write_articles
from tests.nursery import QuickServed

KEY: Final = "lab-key-canary-4711"
TOOL_KEY: Final = "tool-key-canary-0815"
JWT_SECRET: Final = "a shared secret of at least 32 bytes"
CUSTOMER: Final = "A-100-canary"
ORDER: Final = "LK-204518"
RETURNS: Final = "Within how many days can I return goods?"
WHERE: Final = f"Where is my order {ORDER}?"
T = TypeVar("T")

SCRIPT: Final[Mapping[str, Any]] = {
    "version": 1,
    "keys": [KEY],
    "models": ["small", "big", "nosy", "terse"],
    "rules": [
        {"id": "shaped", "when": {"is_json": True}, "then": {"fill": True}},
        {
            "id": "nosy",
            "when": {"model": "nosy", "words": "order", "offered": "lookup_order", "no_result_of": "any"},
            "then": {"call": {"name": "lookup_order", "arguments": {"order_id": "LK-999999"}}},
        },
        {
            "id": "look-up",
            "when": {"words": r"(?P<order>LK-\d{6})", "offered": "lookup_order", "no_result_of": "any"},
            "then": {"call": {"name": "lookup_order", "arguments": {"order_id": "{{order}}", "customer_id": "A-1"}}},
        },
        {
            "id": "not-done",
            "when": {"result": r"^\s*(denied|failed)"},
            "then": {"text": "I could not look that up."},
        },
        {
            "id": "looked-up",
            "when": {"result_of": "lookup_order"},
            "then": {"text": "Order {{result.order_id}} has the status {{result.status}}. {{mark}}"},
        },
        {"id": "terse", "when": {"model": "terse"}, "then": {"quote": {"sentences": 1, "lead": "In short: "}}},
    ],
    "default": {"quote": 2},
}


class Host:
    """A loop in a thread of its own, with applications on free loopback ports: commands run beside it as processes."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="host")
        self._thread.start()
        self._runners: list[web.AppRunner] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def serve(self, app: web.Application) -> str:
        async def start() -> str:
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._runners.append(runner)
            return f"http://127.0.0.1:{runner.addresses[0][1]}"

        return self.run(start())

    def close(self) -> None:
        for runner in self._runners:
            self.run(runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Orders:
    """The server behind the tool; remembers every request of whatever method."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []

    def app(self) -> web.Application:
        async def order(request: web.Request) -> web.Response:
            self.seen.append((request.method, request.path, request.headers.get("X-Customer", "")))
            if request.method == "HEAD":
                return web.Response()
            return web.json_response(
                {"order_id": request.match_info["tail"], "status": "shipped", "by": "kim@x.example"}
            )

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", order)
        return app


def models_block(address: str, **more: Any) -> dict[str, Any]:
    """The models of the company."""
    endpoints = {"lab": {"base_url": f"{address}/v1", "key": KEY}, "spare": {"base_url": f"{address}/v1", "key": KEY}}
    roles = {
        "strong": [{"endpoint": "lab", "model": "big", "input_price": 2.0, "output_price": 8.0}],
        "fast": [{"endpoint": "lab", "model": "small", "input_price": 1.0, "output_price": 1.0}],
    }
    return {"endpoints": endpoints, "roles": roles, "currency": "EUR", **more}


def tool(address: str) -> dict[str, Any]:
    """Looks an order up for whoever is signed in."""
    return {
        "name": "lookup_order",
        "kind": "http",
        "description": "One of the customer's orders by its number.",
        "method": "GET",
        "url": f"{address}/{{order_id}}",
        "headers": {"X-Customer": "{customer_account}"},
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
            "additionalProperties": False,
        },
        "bound": {"customer_account": "customer_account"},
        "scopes": ["orders"],
        "auth": {"bearer": TOOL_KEY},
    }


class Modelled:
    """The company, its scripted model and the server of its tool."""

    def __init__(self, folder: Path) -> None:
        self.host, self.orders = Host(), Orders()
        self.lab = ModelLab(read_script(dict(SCRIPT)))
        self.model_url, self.order_url = self.host.serve(self.lab.app()), self.host.serve(self.orders.app())
        account = {"jwt_keys": [{"kid": "k", "alg": "HS256", "secret": JWT_SECRET}]}
        self.block = settings(write_articles(folder / "kb"), account=account)
        self.block["models"] = models_block(self.model_url)
        self.block["tenants"][0] |= {
            "engine": {"converse": {"fast_path": {"enabled": False}}},
            "tools": [tool(self.order_url)],
            "tool_scopes": {"verified": ["orders"]},
        }
        self.served = QuickServed(folder, self.block)
        assert self.served.command("sync").returncode == 0

    def inside(self, command: Callable[[Settings], Coroutine[Any, Any, int]]) -> tuple[int, str]:
        """The work of a command in this process, for it takes seconds to start one: its exit code and its words."""
        words = io.StringIO()
        with redirect_stdout(words), redirect_stderr(words):
            code = asyncio.run(command(load_settings(self.served.config)))
        self._hold_secrets(words.getvalue())
        return code, words.getvalue()

    def _hold_secrets(self, said: str) -> None:
        for secret in (KEY, TOOL_KEY, JWT_SECRET):
            assert secret not in said

    def write(self, **changes: Any) -> None:
        """Change keys of the YAML's top level."""
        self.served.write({**self.block, **changes})

    def run(self, *arguments: str) -> tuple[int, str]:
        """A command in a process of its own; no secret is ever in its words."""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "gateway", *arguments, "--config", str(self.served.config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "COLUMNS": "240"},
        )
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        self._hold_secrets(said)
        return done.returncode, done.stdout if not done.stderr else said

    def talk(self, *questions: str) -> str:
        """Ask as a customer who is signed in; the conversation."""

        async def work() -> str:
            now = int(time.time())
            claims = {"sub": "kim", "aud": ACCOUNT, "iat": now, "exp": now + 300, "customer_account": CUSTOMER}
            proof = jwt.encode(claims, JWT_SECRET, algorithm="HS256", headers={"kid": "k"})
            async with aiohttp.ClientSession() as session:
                async with session.post(f"{self.served.url}/v1/web/sessions", json={"jwt": proof}) as response:
                    started = json.loads(await response.read())
                answers: list[Answer] = [
                    await ask(session, self.served.url, question, token=started["session_token"])
                    for question in questions
                ]
                assert all(answer.status == 200 and answer.text for answer in answers), answers
            return str(started["conv_id"])

        return self.host.run(work())

    def store(self) -> SqliteStore:
        return SqliteStore(self.served.folder / "var" / "frontdesk.sqlite3", clock=lambda: core_world.T0, lock=False)

    def messages(self, conv: str) -> tuple[Message, ...]:
        async def work() -> tuple[Message, ...]:
            store = self.store()
            await store.start()
            try:
                return await store.for_tenant(TENANT).transcript(conv, audience=Audience.DESK)
            finally:
                await store.stop()

        return asyncio.run(work())

    def close(self) -> None:
        self.served.kill()
        self.host.close()
