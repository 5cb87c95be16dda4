"""One server process of a test run: started on a free port of loopback, in a folder of its own, and ended with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

START_S: Final = 60.0
END_S: Final = 10.0
LOOPBACK: Final = "127.0.0.1"


def folder() -> Path:
    """Where ``make services`` puts what it builds."""
    given = os.environ.get("FRONTDESK_SERVICES")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else cache / "frontdesk" / "services"


def answers(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex((LOOPBACK, port)) == 0


@dataclass(slots=True)
class Server:
    """A server and its data; ``port`` stays the same over ``kill`` and ``start``.

    It is up once it listens and, where it has a ``ready_path``, answers 200 there.
    """

    command: Sequence[str]
    port: int
    data: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    more_ports: tuple[int, ...] = ()
    ready_path: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it listens; ``RuntimeError`` with its last words when it does not."""
        with (self.data / "server.log").open("ab") as said:
            self.process = subprocess.Popen(
                self.command, cwd=self.data, env={**os.environ, **self.environment}, stdout=said, stderr=said
            )
        until = time.monotonic() + START_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"{self.command[0]} does not start: {self.last_words()}")
            time.sleep(0.02)

    def is_ready(self) -> bool:
        """Whether it listens everywhere, and says so itself where it can."""
        if not all(answers(port) for port in (self.port, *self.more_ports)):
            return False
        if self.ready_path is None:
            return True
        asking = HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            asking.request("GET", self.ready_path)
            return asking.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            asking.close()

    def last_words(self) -> str:
        """The end of what it wrote."""
        return (self.data / "server.log").read_text(errors="replace")[-2_000:]

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; it has taken SIGSTOP when this returns, however many threads it has."""
        assert self.process is not None
        self.process.send_signal(number)
        if number is signal.SIGSTOP:
            os.waitpid(self.process.pid, os.WUNTRACED)

    def kill(self) -> None:
        """End it without a warning; its data stay."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Ask it to end, then make it; safe twice."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def new_folder(name: str) -> Path:
    """A folder for a server's data; short, for some put sockets into it."""
    return Path(tempfile.mkdtemp(prefix=f"frontdesk-{name}-"))


def forget(server: Server) -> None:
    """End it and remove its data."""
    server.stop()
    shutil.rmtree(server.data, ignore_errors=True)
