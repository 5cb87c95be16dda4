"""docker-compose.yml and the YAML it mounts: hardened, pinned, closed to the outside, and at one with the settings."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

import config
from config.addresses import address_of, mongodb_database, weaviate_at
from gateway.compose import plugs
from gateway.http.ops import routes
from tests.deploy.tools import DEPLOY, ROOT

TEXT: Final = (ROOT / "docker-compose.yml").read_text()
COMPOSE: Final[Mapping[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[Mapping[str, Any]] = COMPOSE["services"]
YAML: Final = DEPLOY / "compose" / "frontdesk.yaml"
DEMO: Final = ROOT / "config" / "examples" / "demo" / "frontdesk.yaml"

ONCE: Final = {"sync", "mongodb-init", "weaviate-volume"}
"""Services that do one thing and end."""
AS_ROOT: Final = {"weaviate-volume": "gives a new volume to the user that Weaviate runs as, without network"}
ENGINES: Final = {"mongodb-1", "mongodb-2", "mongodb-3", "weaviate", "redis"}
KEYS: Final = {
    *("image", "build", "command", "entrypoint", "user", "environment", "volumes", "tmpfs", "networks", "network_mode"),
    *("ports", "depends_on", "healthcheck", "restart", "init", "read_only", "cap_drop", "cap_add", "security_opt"),
    *("logging", "deploy", "stop_grace_period", "stop_signal", "profiles", "ulimits"),
}
"""Of the Compose specification, what is used here."""
CONDITIONS: Final = {"service_healthy", "service_completed_successfully"}
SECRET: Final = re.compile(r"[0-9a-f]{16,}")

services = pytest.mark.parametrize("name", sorted(SERVICES))


@cache
def prepared(folder: Path) -> dict[str, str]:
    """What ``prepare.sh`` writes, run in a copy."""
    script = folder / "deploy" / "compose" / "prepare.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(DEPLOY / "compose" / "prepare.sh", script)
    subprocess.run([script], check=True, capture_output=True)
    lines = [line for line in (folder / ".env").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return prepared(tmp_path_factory.mktemp("prepared"))


def seconds(text: str) -> float:
    number = re.fullmatch(r"(\d+)s", text)
    assert number is not None, text
    return float(number[1])


def binds(service: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for volume in service.get("volumes", ()):
        source, target, *mode = volume.split(":")
        yield source, target, "".join(mode)


@services
def test_a_service_is_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= KEYS
    assert service["read_only"] is True and service["init"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user = int(service["user"].split(":")[0])
    assert (user == 0) == (name in AS_ROOT)
    assert service.get("cap_add", []) == (["CHOWN"] if name in AS_ROOT else [])
    assert {"cpus", "memory", "pids"} == set(service["deploy"]["resources"]["limits"])
    assert service["logging"]["options"]["max-size"], "logs may not fill the disk"
    assert "privileged" not in service and "docker.sock" not in json.dumps(service)


@services
def test_an_image_is_pinned(name: str) -> None:
    repository, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+(-[a-z]+)?", tag), tag
    others = {each["image"] for each in SERVICES.values() if each["image"].startswith(repository + ":")}
    assert len(others) == 1, "one version of each"


@services
def test_a_service_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]
    asked = service.get("healthcheck", {"disable": True})
    assert asked.get("disable", False) == (name in ONCE)
    assert (service["restart"] == "unless-stopped") == (name not in ONCE)
    for other, how in service.get("depends_on", {}).items():
        assert how["condition"] in CONDITIONS
        assert (how["condition"] == "service_completed_successfully") == (other in ONCE)


@services
def test_what_is_mounted_is_there_and_cannot_be_written(name: str) -> None:
    for source, target, mode in binds(SERVICES[name]):
        if source.startswith("."):
            assert (ROOT / source).exists() and mode == "ro", source
        else:
            assert source in COMPOSE["volumes"] and target.startswith("/") and not mode
    assert set(COMPOSE["volumes"]) <= {source for each in SERVICES.values() for source, *_ in binds(each)}


def test_only_the_proxy_is_reachable_from_other_machines() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "nginx": ["${FRONTDESK_PORT:-8080}:8080", "127.0.0.1:8081:8081"],
        "grafana": ["127.0.0.1:3000:3000"],
    }


def test_engines_are_in_a_network_without_a_way_out() -> None:
    assert COMPOSE["networks"]["engines"] == {"internal": True}
    members = {name for name, service in SERVICES.items() if "engines" in service.get("networks", ())}
    assert members - {"frontdesk", "sync", "prometheus"} == ENGINES
    assert all(SERVICES[name]["networks"] == ["engines"] for name in ENGINES)
    assert SERVICES["nginx"]["networks"] == ["edge"], "the proxy does not reach the engines"
    assert SERVICES["mongodb-init"]["network_mode"] == "service:mongodb-1"
    assert SERVICES["weaviate-volume"]["network_mode"] == "none"


def test_secrets_are_made_anew_once_and_for_the_owner_only(tmp_path: Path) -> None:
    made = prepared(tmp_path)
    file = tmp_path / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secrets = [value for name, value in made.items() if name != "FRONTDESK_BASE_URL"]
    assert all(SECRET.fullmatch(value) for value in secrets) and len(set(secrets)) == len(secrets)
    before = file.read_text()
    subprocess.run([tmp_path / "deploy" / "compose" / "prepare.sh"], check=True, capture_output=True)
    assert file.read_text() == before
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_secret_is_asked_for_and_every_one_asked_for_is_made(environment: Mapping[str, str]) -> None:
    needed = set(re.findall(r"\$\{(\w+):\?run deploy/compose/prepare\.sh first\}", TEXT))
    optional = set(re.findall(r"\$\{(\w+):-", TEXT))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT)) == needed | optional
    assert needed <= set(environment) <= needed | optional
    of_the_process = set(re.findall(r"\$\{(\w+)", YAML.read_text()))
    assert of_the_process == set(SERVICES["frontdesk"]["environment"])


@pytest.fixture(scope="module")
def settings(environment: Mapping[str, str]) -> config.Settings:
    examined = config.examine(YAML, plugs(), environment)
    assert not examined.problems, [str(problem) for problem in examined.problems]
    assert examined.settings is not None
    return examined.settings


def test_the_yaml_names_the_engines_that_run_here(settings: config.Settings, environment: Mapping[str, str]) -> None:
    store = address_of(settings.store)
    assert store is not None and mongodb_database(store) == "frontdesk"
    members = urlsplit(store).netloc.rpartition("@")[2].split(",")
    script = (DEPLOY / "compose" / "replica-set.js").read_text()
    assert set(members) == {name for name in ENGINES if name.startswith("mongodb-")}
    listed = re.search(r"members = (\[.*\])", script)
    assert listed is not None and json.loads(listed[1]) == members
    replica_set = parse_qs(urlsplit(store).query)["replicaSet"][0]
    assert f'_id: "{replica_set}"' in script and f"--replSet {replica_set} " in SERVICES[members[0]]["command"][0]
    assert 'createUser({ user: "frontdesk"' in script

    knowledge = address_of(settings.knowledge)
    assert knowledge is not None
    place = weaviate_at(knowledge)
    assert place.host == "weaviate" and place.key == environment["WEAVIATE_KEY"] and place.grpc_port == 50051
    assert str(place.port) == SERVICES["weaviate"]["command"][3]

    live = urlsplit(address_of(settings.live) or "")
    assert live.hostname == "redis" and live.password == environment["REDIS_PASSWORD"]


def test_three_lines_are_new_against_the_demo() -> None:
    ours, demo = yaml.safe_load(YAML.read_text()), yaml.safe_load(DEMO.read_text())
    assert set(ours) - set(demo) == {"store", "knowledge", "live", "log"}
    assert ours["server"].keys() - demo["server"].keys() == {"session_secret", "drain_s", "trusted_proxies"}
    ids = [tenant["id"] for tenant in ours["tenants"]]
    assert ids == [tenant["id"] for tenant in demo["tenants"]], "what was migrated goes on"
    web = {account["id"]: account["channel"] for account in demo["tenants"][0]["accounts"]}
    assert all(web[account["id"]] == account["channel"] for account in ours["tenants"][0]["accounts"])


def test_the_process_fits_what_is_around_it(settings: config.Settings) -> None:
    frontdesk = SERVICES["frontdesk"]
    assert frontdesk["deploy"]["replicas"] == 2
    assert settings.server.drain_s <= 25 < seconds(frontdesk["stop_grace_period"])
    assert list(settings.server.trusted_proxies) == [COMPOSE["networks"]["edge"]["ipam"]["config"][0]["subnet"]]
    public, internal = settings.server.public, settings.server.internal
    assert public.host == internal.host == "0.0.0.0" and (public.port, internal.port) == (8080, 8081)
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", frontdesk["healthcheck"]["test"][-1])
    assert asked is not None and int(asked[1]) == internal.port and asked[2] in {route.path for route in routes()}
    upstream = (DEPLOY / "nginx" / "upstream.conf").read_text()
    assert re.findall(r"server (\w+):(\d+)", upstream) == [("frontdesk", "8080"), ("frontdesk", "8081")]
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"][0]
    assert (
        scraped["dns_sd_configs"][0]["names"] == ["frontdesk"] and scraped["dns_sd_configs"][0]["port"] == internal.port
    )
    assert frontdesk["command"] == ["serve"] and SERVICES["sync"]["command"] == ["sync"]
    assert SERVICES["sync"]["profiles"], "it is not started with the rest"


def test_limits_of_bodies_agree(settings: config.Settings) -> None:
    public = (DEPLOY / "nginx" / "public.conf").read_text()
    small, large = re.findall(r"client_max_body_size (\w+);", public)
    assert small == f"{settings.server.limits.body_bytes // 1024}k"
    assert int(large.removesuffix("m")) * 1024 * 1024 > settings.server.limits.upload_bytes


def test_docker_compose_agrees(environment: Mapping[str, str], tmp_path: Path) -> None:
    docker = shutil.which("docker")
    has_plugin = (
        docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0
    )
    if not has_plugin:
        pytest.skip("no `docker compose` here: the file was checked by its structure only")
    file = tmp_path / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    command = ["docker", "compose", "--env-file", str(file), "--profile", "jobs", "config", "--format", "json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert set(json.loads(ended.stdout)["services"]) == set(SERVICES)


DOCKER = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$SAID"
if [ "$*" = "compose ps --quiet frontdesk" ]; then printf 'old-1\\nold-2\\n'; fi
"""


def test_a_rolling_restart_stops_the_old_only_when_the_new_are_well(tmp_path: Path) -> None:
    said = tmp_path / "said"
    stand_in = tmp_path / "docker"
    stand_in.write_text(DOCKER)
    stand_in.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SAID": str(said)}
    subprocess.run([DEPLOY / "compose" / "roll.sh"], env=environ, check=True, capture_output=True)
    ps, up, *ends = said.read_text().splitlines()
    assert ps == "compose ps --quiet frontdesk"
    assert up == "compose up --detach --wait --no-deps --no-recreate --scale frontdesk=4 frontdesk"
    grace = int(seconds(SERVICES["frontdesk"]["stop_grace_period"]))
    assert ends == [f"{word} {old}" for old in ("old-1", "old-2") for word in (f"stop --timeout {grace}", "rm")]
