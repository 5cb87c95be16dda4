"""The engines with the settings of the compose file: Redis and Weaviate really run, MongoDB's first start on a stand-in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import psutil
import pytest
import redis

from evals.serving import free_port
from tests.deploy.test_compose import SERVICES
from tests.deploy.test_watching import FOREIGN
from tests.deploy.tools import DEPLOY, program
from tests.services import servers
from tests.services.server import LOOPBACK, Server, forget, new_folder

KEY: Final = "a-key-of-the-test"
PASSWORD: Final = "a-password-of-the-test"
SCRIPT: Final = DEPLOY / "compose" / "replica-set.js"


def status(url: str, key: str | None = None) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as refused:
        refused.close()
        return refused.code


@pytest.fixture(scope="module")
def weaviate_here() -> Iterator[tuple[str, str]]:
    """Weaviate as the compose file sets it up, but for its ports and folder: its address, and that of its metrics."""
    try:
        server = servers.weaviate()
    except servers.NotHere as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    theirs = {name: str(value) for name, value in SERVICES["weaviate"]["environment"].items()}
    ours = ("PERSISTENCE_DATA_PATH", "CLUSTER_HOSTNAME", "RAFT_BOOTSTRAP_EXPECT")
    kept = {name: server.environment[name] for name in ours}
    ports = {"PROMETHEUS_MONITORING_PORT": str(free_port()), "AUTHENTICATION_APIKEY_ALLOWED_KEYS": KEY}
    server.environment = {**server.environment, **theirs, **kept, **ports}
    try:
        server.start()
        yield f"http://{LOOPBACK}:{server.port}", f"http://{LOOPBACK}:{ports['PROMETHEUS_MONITORING_PORT']}/metrics"
    finally:
        forget(server)


def test_weaviate_lets_in_who_shows_the_key(weaviate_here: tuple[str, str]) -> None:
    address, _ = weaviate_here
    assert status(address + "/v1/schema") == status(address + "/v1/schema", "another") == 401
    assert status(address + "/v1/schema", KEY) == 200


def test_weaviates_health_check_needs_none(weaviate_here: tuple[str, str]) -> None:
    asked = re.search(r"http://127\.0\.0\.1:8080(/\S+)", SERVICES["weaviate"]["healthcheck"]["test"][-1])
    assert asked is not None and status(weaviate_here[0] + asked[1]) == 200


def test_weaviate_exports_what_dashboards_ask_of_it(weaviate_here: tuple[str, str]) -> None:
    with urllib.request.urlopen(weaviate_here[1]) as answer:
        said = answer.read().decode()
    assert not {name for name in FOREIGN if name != "up" and f"# TYPE {name} " not in said}


@pytest.fixture
def redis_here() -> Iterator[Server]:
    """Redis started by the compose file's own command, but for its port and folder."""
    program("redis-server")
    folder, port = new_folder("redis"), free_port()
    (command,) = SERVICES["redis"]["command"]
    shell = command.replace("$$", "$").replace("/tmp/", f"{folder}/")
    shell = shell.rstrip() + f" --port {port} --bind {LOOPBACK} --dir {folder}\n"
    server = Server(
        command=(*SERVICES["redis"]["entrypoint"], shell),
        port=port,
        data=folder,
        environment={"REDIS_PASSWORD": PASSWORD},
    )
    server.start()
    yield server
    forget(server)


def test_redis_wants_the_password_and_keeps_nothing(redis_here: Server) -> None:
    with redis.Redis(host=LOOPBACK, port=redis_here.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis(host=LOOPBACK, port=redis_here.port, password=PASSWORD, decode_responses=True) as known:
        assert known.ping()
        names = ("save", "appendonly", "maxmemory", "maxmemory-policy")
        said: Any = known.config_get(*names)
    assert [said[name] for name in names] == ["", "no", str(200 * 1024 * 1024), "allkeys-lru"]
    limit = SERVICES["redis"]["deploy"]["resources"]["limits"]["memory"]
    assert int(limit.removesuffix("M")) > 200, "it makes room before it is killed for its memory"
    assert redis_here.process is not None
    arguments = " ".join(psutil.Process(redis_here.process.pid).cmdline())
    assert "redis" in arguments and PASSWORD not in arguments


def first_start(**state: Any) -> dict[str, Any]:
    """What replica-set.js did to a server in this state."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js here, with which the script is run")
    stand_in = Path(__file__).with_name("mongosh.js")
    ended = subprocess.run([node, stand_in, SCRIPT, json.dumps(state)], capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(ended.stdout)
    return made


WHOLE: Final = {"admin": {"root": "root-secret"}, "frontdesk": {"frontdesk": "own-secret"}}


def test_the_replica_set_and_its_users_are_made() -> None:
    made = first_start()
    assert made["code"] == 0 and made["users"] == WHOLE
    initiated, root, own = made["done"]
    members = initiated["initiate"]["members"]
    assert [member["host"] for member in members] == ["mongodb-1:27017", "mongodb-2:27017", "mongodb-3:27017"]
    assert members[0]["priority"] > members[1]["priority"] == members[2]["priority"] > 0
    assert root == {"createUser": "admin.root", "roles": ["root"]}
    assert own == {"createUser": "frontdesk.frontdesk", "roles": [{"role": "readWrite", "db": "frontdesk"}]}


@pytest.mark.parametrize(
    "users", [{}, {"admin": WHOLE["admin"]}, WHOLE], ids=["before any user", "between the users", "after all"]
)
def test_what_was_cut_short_is_made_good(users: dict[str, Any]) -> None:
    made = first_start(users=users, isInitiated=True, leader="mongodb-1")
    assert made["code"] == 0 and made["users"] == WHOLE
    assert len(made["done"]) == 2 - sum(len(each) for each in users.values())


def test_it_waits_for_the_first_member_to_lead_and_gives_up_aloud() -> None:
    assert first_start(users=WHOLE, isInitiated=True, leader="mongodb-2")["code"] == 0
    given_up = first_start(users=WHOLE, isInitiated=True, leader="mongodb-2", wins=None)
    assert given_up["code"] == 1 and not given_up["done"]


def test_another_root_password_is_not_taken_for_a_first_start() -> None:
    made = first_start(users={"admin": {"root": "older"}}, isInitiated=True, leader="mongodb-1")
    assert made["code"] == "Unauthorized" and not made["done"]
