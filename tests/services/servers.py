"""How each server is started, and where one that stands already is found."""

from __future__ import annotations

import os
import shutil
from typing import Final

from evals.serving import free_port
from tests.services.server import LOOPBACK, Server, folder, new_folder

MONGODB: Final = "mongodb-1.24.2"
WEAVIATE: Final = "weaviate-1.38.11"
MEND: Final = "run `make services`"


class NotHere(RuntimeError):
    """A server that was not built; the message names the mend."""


def mongodb() -> Server:
    """FerretDB over SQLite files, not started; its address is ``mongodb_address``."""
    program = folder() / MONGODB
    if not program.exists():
        raise NotHere(f"no MongoDB-compatible server in {program.parent}: {MEND}")
    port, data = free_port(), new_folder("mongodb")
    return Server(command=(str(program), f"{LOOPBACK}:{port}", str(data)), port=port, data=data)


def mongodb_address(server: Server) -> str:
    """Without the name of a database."""
    return f"mongodb://{LOOPBACK}:{server.port}/"


def weaviate() -> Server:
    """Weaviate without modules, not started; REST on ``port``, gRPC on the first of ``more_ports``."""
    program = folder() / WEAVIATE
    if not program.exists():
        raise NotHere(f"no Weaviate in {program.parent}: {MEND}")
    port, grpc, gossip, data = free_port(), free_port(), free_port(), new_folder("weaviate")
    environment = {
        "PERSISTENCE_DATA_PATH": str(data / "data"),
        "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true",
        "DEFAULT_VECTORIZER_MODULE": "none",
        "ENABLE_MODULES": "",
        "DISABLE_TELEMETRY": "true",
        "GRPC_PORT": str(grpc),
        "CLUSTER_HOSTNAME": "node1",
        "CLUSTER_ADVERTISE_ADDR": LOOPBACK,
        "CLUSTER_GOSSIP_BIND_PORT": str(gossip),
        "CLUSTER_DATA_BIND_PORT": str(free_port()),
        "RAFT_PORT": str(free_port()),
        "RAFT_INTERNAL_RPC_PORT": str(free_port()),
        "RAFT_BOOTSTRAP_EXPECT": "1",
        "GO_PROFILING_DISABLE": "true",
        "PROMETHEUS_MONITORING_ENABLED": "false",
        "GOMAXPROCS": "2",
        "LOG_LEVEL": "warning",
    }
    command = (str(program), "--host", LOOPBACK, "--port", str(port), "--scheme", "http")
    return Server(
        command=command,
        port=port,
        data=data,
        environment=environment,
        more_ports=(grpc,),
        ready_path="/v1/.well-known/ready",
    )


def weaviate_address(server: Server) -> str:
    """As in the YAML."""
    return f"weaviate://{LOOPBACK}:{server.port}?grpc={server.more_ports[0]}"


def redis() -> Server:
    """Redis in memory, not started."""
    program = shutil.which("redis-server")
    if program is None:
        raise NotHere(f"no redis-server here: {MEND}")
    port, data = free_port(), new_folder("redis")
    command = (program, "--bind", LOOPBACK, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(data))
    return Server(command=command, port=port, data=data)


def redis_address(server: Server) -> str:
    """As in the YAML."""
    return f"redis://{LOOPBACK}:{server.port}/0"


def given(name: str) -> str | None:
    """The address of a server that stands already: ``mongodb``, ``weaviate`` or ``redis``."""
    return os.environ.get(f"FRONTDESK_TEST_{name.upper()}") or None
