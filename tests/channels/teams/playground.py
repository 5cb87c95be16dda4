"""Microsoft's own emulator of Teams as a process: people write, press and install there, a socket tells what is shown."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import pytest

from evals.serving import free_port

HERE = Path(__file__).parent
COMMAND = HERE / "node_modules" / "@microsoft" / "m365agentsplayground" / "cli.js"
NODE = shutil.which("node")
READY_LIMIT_S = 60.0
WAIT_S = 30.0


def missing(what: str) -> NoReturn:
    """A tool is not there: a reason to skip on somebody's machine, a failure in CI, where it must be."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@dataclass(slots=True)
class Playground:
    """A running emulator; ``shown`` are the messages its page was told to show or change, oldest first."""

    url: str
    http: aiohttp.ClientSession
    config: dict[str, Any]
    shown: list[dict[str, Any]] = field(default_factory=list)
    has_typed: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def private(self) -> str:
        """The id of the private chat."""
        return str(self.config["personalChat"]["id"])

    @property
    def group(self) -> str:
        """The id of the group chat."""
        return str(self.config["groupChats"][0]["id"])

    async def say(self, room: str, text: str, *, mention: bool = False) -> None:
        """The first person writes; a mention stands before the text."""
        bot = self.config["bot"]
        body: dict[str, Any] = {"from": {"id": self.config["currentUser"]["id"]}, "text": text, "textFormat": "plain"}
        if mention:
            tag = f"<at>{bot['name']}</at>"
            body |= {"text": f"{tag} {text}", "textFormat": "xml", "mentions": [{"mentioned": bot, "text": tag}]}
        await self._post(f"/_conversation/v1/conversations/{room}/messages", body)

    async def submit(self, room: str, ref: str, value: Any) -> None:
        """The first person presses an Action.Submit."""
        await self._press("/_conversation/v1/submit", room, ref, value)

    async def execute(self, room: str, ref: str, action: dict[str, Any]) -> Any:
        """The first person presses an Action.Execute; returns what the bot answered."""
        more = {"name": "adaptiveCard/action"}
        return await self._press("/_conversation/v1/invoke", room, ref, {"action": action, "trigger": "manual"}, **more)

    async def _press(self, path: str, room: str, ref: str, value: Any, **more: Any) -> Any:
        who = {"id": self.config["currentUser"]["id"]}
        body = {"from": who, "conversation": {"id": room}, "replyToId": ref, "value": value, **more}
        return await self._post(path, body)

    async def happens(self, what: str, room: str) -> None:
        """Send one of the emulator's own activities (install, uninstall …)."""
        query = {"conversationId": room, "type": what}
        async with self.http.get(f"{self.url}/_internal/v1/customActivities/template", params=query) as answer:
            assert answer.status == 200, await answer.text()
            body = await answer.json()
        await self._post("/_internal/v1/customActivities", body)

    async def _post(self, path: str, body: Any) -> Any:
        async with self.http.post(self.url + path, json=body) as answer:
            said = await answer.text()
            assert answer.status < 300, said
            return await answer.json() if "json" in answer.content_type else said

    async def until(self, happened: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an action of the page."""
        async with asyncio.timeout(WAIT_S):
            seen = 0
            while True:
                for action in self.shown[seen:]:
                    if happened(action):
                        return action
                seen = len(self.shown)
                self._news.clear()
                await self._news.wait()

    async def watch(self) -> None:
        """Follow what the page is told, until cancelled."""
        async with self.http.ws_connect(f"{self.url}/_ws_conversation/v1/conversations/stream") as socket:
            async for message in socket:
                action = message.json()
                if "message" in action:
                    self.shown.append(action)
                    self._news.set()
                else:
                    self.has_typed = True


@asynccontextmanager
async def playground(folder: Path, endpoint: str) -> AsyncIterator[Playground]:
    """The emulator, posting to ``endpoint``."""
    if NODE is None or not COMMAND.exists():
        missing("no Teams emulator; run tests/channels/teams/install.sh, as `make test` does")
    port = free_port()
    process = _start(folder, endpoint, port)
    try:
        async with aiohttp.ClientSession() as http:
            config = await _ready(http, f"http://127.0.0.1:{port}", process, folder)
            made = Playground(f"http://127.0.0.1:{port}", http, config)
            watching = asyncio.create_task(made.watch())
            try:
                yield made
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


def _start(folder: Path, endpoint: str, port: int) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    environ = {
        **os.environ,
        "TEAMSAPPTESTER_BROWSER": "none",
        "M365_AGENTS_PLAYGROUND_LOGFILE": str(folder / "playground.log"),
    }
    command = [str(NODE), "-r", str(HERE / "loopback.cjs"), str(COMMAND), "start", "-e", endpoint]
    with (folder / "output.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "-c", "msteams", "-p", str(port), "--dt"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


async def _ready(
    http: aiohttp.ClientSession, url: str, process: subprocess.Popen[bytes], folder: Path
) -> dict[str, Any]:
    async with asyncio.timeout(READY_LIMIT_S):
        while process.poll() is None:
            try:
                async with http.get(f"{url}/_internal/v1/config") as answer:
                    if answer.status == 200:
                        return dict((await answer.json())["config"])
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
    raise AssertionError(f"the emulator ended: {process.returncode}, see {folder / 'output.log'}")
