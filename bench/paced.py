"""Requests at a steady pace over many connections, each answer's delay counted from when its request was due.

A process of its own on the load core, on bare sockets: what a slow client waits for would count as the server's delay.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench import load
from bench.figures import percentile

ENOUGH: Final = 65_536
ANSWER_WITHIN_S: Final = 30.0
REST_S: Final = 0.0001
"""Rest of an idle client: one that never rests takes processor time from the server where the two share a quota."""


@dataclass(frozen=True, slots=True)
class Paced:
    """How late answers came, in milliseconds from when each request was due, and how late the client itself was."""

    p50_ms: float
    p99_ms: float
    client_p99_ms: float
    answered: int
    refused: int


def paced(url: str, requests: Path, *, count: int, per_second: float) -> Paced:
    """Send the first ``count`` requests of a file as ``load.RAW`` reads it; raises where an answer fails to come."""
    parts = urlsplit(url)
    command = ["taskset", "-c", load.LOAD_CORE, sys.executable, "-m", "bench.paced"]
    arguments = [str(parts.hostname), str(parts.port), str(requests), str(count), str(per_second)]
    limit_s = count / per_second + ANSWER_WITHIN_S
    out = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=limit_s)
    if out.returncode:
        raise RuntimeError(f"the paced load failed: {out.stderr}")
    return Paced(**json.loads(out.stdout))


class Line:
    """A connection: what is due on it, and the one request whose answer it waits for."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.sent_for: float | None = None
        self.heard = b""

    def send(self) -> None:
        """The next request, where the last is answered."""
        if self.sent_for is None and self.waiting:
            self.sent_for, request = self.waiting.popleft()
            if self.socket.send(request) != len(request):
                raise RuntimeError("a request did not fit into the socket")

    def hear(self) -> tuple[float, bool] | None:
        """When the answered request was due and whether it was taken; None while its answer is incomplete."""
        piece = self.socket.recv(ENOUGH)
        if not piece:
            raise RuntimeError("the server closed a connection")
        self.heard += piece
        head, end, body = self.heard.partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length or self.sent_for is None:
            return None
        due, self.sent_for, self.heard = self.sent_for, None, body[length:]
        return due, head.startswith(b"HTTP/1.1 200")


def _requests(file: Path, count: int) -> list[bytes]:
    found = []
    with file.open("rb") as opened:
        for size in islice(iter(lambda: opened.read(8), b""), count):
            found.append(opened.read(int(size)))
    return found


def _run(host: str, port: int, requests: list[bytes], per_second: float) -> Paced:
    lines = [Line(host, port) for _ in range(load.CONNECTIONS)]
    by_number = {line.socket.fileno(): line for line in lines}
    poll = select.epoll()
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    delays, own, refused, put = list[float](), list[float](), 0, 0
    started = time.perf_counter() + 0.1
    ends = started + len(requests) / per_second + ANSWER_WITHIN_S / 2
    while len(delays) < len(requests):
        now = time.perf_counter()
        if now > ends:
            raise RuntimeError(f"{len(requests) - len(delays)} answers did not come")
        while put < len(requests) and started + put / per_second <= now:
            due, line = started + put / per_second, lines[put % len(lines)]
            line.waiting.append((due, requests[put]))
            line.send()
            own.append(now - due)
            put += 1
        heard = poll.poll(0)
        if not heard:
            time.sleep(REST_S)
        for number, _ in heard:
            if (answered := by_number[number].hear()) is not None:
                delays.append(time.perf_counter() - answered[0])
                refused += not answered[1]
                by_number[number].send()
    return Paced(
        p50_ms=percentile(delays, 0.5) * 1e3,
        p99_ms=percentile(delays, 0.99) * 1e3,
        client_p99_ms=percentile(own, 0.99) * 1e3,
        answered=len(delays),
        refused=refused,
    )


def main() -> None:
    """``python -m bench.paced HOST PORT FILE COUNT PER_SECOND``: prints the figures as JSON."""
    host, port, file, count, per_second = sys.argv[1:]
    requests = _requests(Path(file), int(count))
    gc.disable()
    found = _run(host, int(port), requests, float(per_second))
    sys.stdout.write(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
