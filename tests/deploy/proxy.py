"""nginx with the settings of deploy/nginx, in front of any replicas, on free ports of loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from evals.serving import free_port
from tests.deploy.tools import DEPLOY, program
from tests.services.server import LOOPBACK, Server, forget, new_folder

PORTS = ("8080", "8081", "8079")
"""As they stand in nginx.conf: for customers, for the team, for the container's health check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """The running nginx."""

    server: Server
    url: str
    desk_url: str
    health_url: str

    @property
    def log(self) -> str:
        """What it wrote: the access log, and what went wrong."""
        return self.server.last_words()


@contextmanager
def nginx(replicas: Sequence[int], desks: Sequence[int] | None = None) -> Iterator[Proxy]:
    """nginx in front of replicas on these ports; ``desks`` are the ports of their internal listeners."""
    binary, folder = program("nginx"), new_folder("nginx")
    shutil.copytree(DEPLOY / "nginx", folder / "conf")
    main = folder / "conf" / "nginx.conf"
    ports = {listed: free_port() for listed in PORTS}
    text = main.read_text()
    for listed, port in ports.items():
        assert text.count(f"{listed};") == 1, f"nginx.conf listens on {listed} once"
        text = text.replace(f"listen {listed};", f"listen {LOOPBACK}:{port};").replace(f":{listed};", f":{port};")
    main.write_text(text.replace("/tmp/", f"{folder}/").replace("/dev/stdout", "/dev/stderr"))
    (folder / "conf" / "upstream.conf").write_text(_upstreams(replicas, desks or replicas))
    who = "user root; " if os.geteuid() == 0 else ""
    command = (binary, "-p", str(folder), "-c", str(main), "-g", f"{who}daemon off; worker_shutdown_timeout 1s;")
    server = Server(command=command, port=ports["8080"], data=folder)
    server.start()
    try:
        yield Proxy(
            server=server,
            url=f"http://{LOOPBACK}:{ports['8080']}",
            desk_url=f"http://{LOOPBACK}:{ports['8081']}",
            health_url=f"http://{LOOPBACK}:{ports['8079']}",
        )
    finally:
        forget(server)


def _upstreams(replicas: Sequence[int], desks: Sequence[int]) -> str:
    """The shipped groups with addresses instead of Docker's names, which Debian's nginx cannot look up again."""
    shipped = (DEPLOY / "nginx" / "upstream.conf").read_text()
    groups = {"frontdesk:8080": replicas, "frontdesk:8081": desks}
    lines = [line for line in shipped.splitlines() if not line.startswith(("resolver", "#"))]
    made: list[str] = []
    for line in lines:
        name = next((name for name in groups if f"server {name} " in line), None)
        if name is None:
            made.append(line)
            continue
        made += [line.replace(name, f"{LOOPBACK}:{port}").replace(" resolve", "") for port in groups[name]]
    return "\n".join(made)
