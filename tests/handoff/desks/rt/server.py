"""A real Request Tracker 5 on a free loopback port, over its own copy of a database; nothing of the system's RT is touched.

The database is made once for all (eight seconds) and kept in the temporary folder under a name that changes with RT's version
and with what stands beside this file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import mailbox
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import aiohttp

from core.filelock import FileLock

HERE: Final = Path(__file__).parent
SERVER: Final = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP: Final = "rt-setup-database-5"
GENERATED: Final = Path("/usr/share/request-tracker5/lib/RT/Generated.pm")
START_S: Final = 60.0
LOOK_S: Final = 0.05
WORKERS: Final = 2
QUEUES: Final = ("General", "billing")


def why_not() -> str | None:
    """Why RT cannot be started here; None: it can."""
    if not SERVER.exists() or shutil.which(SETUP) is None:
        return "no Request Tracker 5; run tests/handoff/desks/rt/install.sh, as `make test` does"
    return None


class RtServer:
    """One RT; ``url`` is where it listens, ``token`` is Frontdesk's, ``folder`` has its database and the mails it sent."""

    def __init__(self) -> None:
        self.url = ""
        self.token = ""
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._held: tempfile.TemporaryDirectory[str] | None = None

    async def start(self) -> None:
        """Copy the database and listen."""
        template = await asyncio.to_thread(_template)
        self._held = tempfile.TemporaryDirectory(prefix="frontdesk-rt-")
        self.folder = Path(self._held.name)
        shutil.copytree(template, self.folder, dirs_exist_ok=True)
        self.token = (self.folder / "var" / "token").read_text()
        port = _free_port()
        self._process = self._spawned(port)
        self.url = f"http://127.0.0.1:{port}"
        await self._listens()

    async def stop(self) -> None:
        """End it and its workers.  Not by SIGINT: RT's server would then change the owner of the system's files."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, 10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                await asyncio.to_thread(process.wait, 10)
        if self._held is not None:
            self._held.cleanup()
            self._held = None

    async def insert(self, data: str) -> None:
        """Add what an initialdata file says."""
        path = self.folder / "more.pl"
        path.write_text(data)
        await asyncio.to_thread(_set_up, self.folder, ["--action", "insert", "--datafile", str(path)])

    def log(self) -> str:
        """What the server said."""
        return (self.folder / "server.log").read_text(errors="replace")

    def mails(self) -> list[str]:
        """The mails it sent, whole."""
        found: list[str] = []
        for path in sorted((self.folder / "var").glob("*.mbox")):
            with closing(mailbox.mbox(path, create=False)) as box:
                found += [str(mail) for mail in box]
        return found

    def _spawned(self, port: int) -> subprocess.Popen[bytes]:
        """The server, which ends when this process does, however it does."""
        tied = [setpriv, "--pdeathsig", "TERM"] if (setpriv := shutil.which("setpriv")) else []
        command = [*tied, str(SERVER), "--host", "127.0.0.1", "--port", str(port), "--max-workers", str(WORKERS)]
        with (self.folder / "server.log").open("wb") as log:
            return subprocess.Popen(
                command,
                env=_environment(self.folder),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _listens(self) -> None:
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
            while True:
                assert self._process is not None
                if self._process.poll() is not None:
                    raise RuntimeError(f"RT did not start: {self.log()}")
                try:
                    async with session.get(f"{self.url}/REST/2.0/rt") as answer:
                        assert answer.status == 401, "RT asks who we are"
                        return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(LOOK_S)


class Person:
    """Somebody who works in RT by its REST interface, signed in with their password."""

    def __init__(self, server: RtServer, name: str) -> None:
        self._server = server
        self._headers = {"Authorization": aiohttp.encode_basic_auth(name, f"secret-{name}")}

    async def write(self, ref: str, how: str, html: str, files: Mapping[str, bytes] | None = None) -> str:
        """Correspond or comment; the transaction's id."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("JSON", json.dumps({"Content": html, "ContentType": "text/html"}), content_type="text/plain")
        for name, body in (files or {}).items():
            form.add_field("Attachments", body, filename=name, content_type="image/png")
        location, _ = await self._call("POST", f"ticket/{ref}/{how}", data=form)
        return location.rpartition("/")[2]

    async def change(self, ref: str, **what: str) -> None:
        """Change a ticket's fields."""
        await self._call("PUT", f"ticket/{ref}", json=what)

    async def make(self, **what: Any) -> str:
        """Make a ticket; its id."""
        _, made = await self._call("POST", "ticket", json=what)
        return str(made["id"])

    async def _call(self, method: str, path: str, **how: Any) -> tuple[str, Any]:
        async with (
            aiohttp.ClientSession(headers=self._headers) as session,
            session.request(method, f"{self._server.url}/REST/2.0/{path}", **how) as answer,
        ):
            told = await answer.json(content_type=None)
            assert answer.status in (200, 201), (answer.status, told)
            return answer.headers.get("Location", ""), told


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    nothing = folder / "site.d"
    return {
        **kept,
        "FRONTDESK_RT_FOLDER": str(folder),
        "RT_SITE_CONFIG": str(HERE / "site.pm"),
        "RT_SITE_CONFIG_DIR": str(nothing),
    }


def _template() -> Path:
    """The folder with the database as everybody begins; made by the first who asks."""
    seed = b"".join(path.read_bytes() for path in (HERE / "site.pm", HERE / "data.pl", GENERATED))
    name = f"frontdesk-rt-template-{os.getuid()}-{hashlib.sha256(seed).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    lock = FileLock(folder.with_suffix(".lock"))
    _wait_for(lock)
    try:
        if not (folder / "var" / "token").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder)
    finally:
        lock.release()
    return folder


def _wait_for(lock: FileLock) -> None:
    deadline = time.monotonic() + START_S
    while (holder := lock.take()) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {holder} makes RT's database for too long")
        time.sleep(LOOK_S)


def _build(folder: Path) -> None:
    for part in ("var/mason", "var/session", "site.d"):
        (folder / part).mkdir(parents=True, mode=0o700)
    _set_up(folder, ["--action", "init", "--skip-create"])
    _set_up(folder, ["--action", "insert", "--datafile", str(HERE / "data.pl")])


def _set_up(folder: Path, how: list[str]) -> None:
    done = subprocess.run(
        [SETUP, *how],
        env=_environment(folder),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    if done.returncode or "rror" in done.stderr:
        raise RuntimeError(f"RT's database cannot be made: {done.stdout}{done.stderr}")
