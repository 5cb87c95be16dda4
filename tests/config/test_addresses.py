"""``store``, ``knowledge`` and ``live``: where the engines of a larger installation live."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import config
from config import ConfigProblems
from config.addresses import address_of, mongodb_database, weaviate_at
from gateway.compose import load_settings
from tests.flows.company import settings, write_articles

SECRET = "s" * 32
ENGINES = {
    "store": "mongodb://fd:canary-mongo@db1,db2/frontdesk?replicaSet=rs0",
    "knowledge": "weaviates://:canary%2Fweaviate@search.example:443?grpc=50052",
    "live": "rediss://:canary-redis@cache:6379/0",
}


def loaded(folder: Path, changes: dict[str, str], *, secret: str | None = SECRET) -> config.Settings:
    """The company's settings with other engines."""
    block = settings(write_articles(folder / "kb"))
    if secret is not None:
        block["server"] = {**block.get("server", {}), "session_secret": secret}
    file = folder / "frontdesk.yaml"
    file.write_text(json.dumps({"version": 1, "data_dir": str(folder / "var"), **block, **changes}, indent=1))
    return load_settings(file)


def test_left_out_everything_is_embedded(tmp_path: Path) -> None:
    made = loaded(tmp_path, {}, secret=None)
    assert [address_of(each) for each in (made.store, made.knowledge, made.live)] == [None] * 3


def test_three_lines_name_the_engines_and_show_no_secret(tmp_path: Path) -> None:
    made = loaded(tmp_path, ENGINES)
    assert [address_of(each) for each in (made.store, made.knowledge, made.live)] == list(ENGINES.values())
    assert "canary" not in repr(made) + made.model_dump_json()


def test_an_address_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "store.secret").write_text(ENGINES["store"] + "\n")
    made = loaded(tmp_path, {"store": "file:./store.secret"})
    assert address_of(made.store) == ENGINES["store"]


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        ("store", "mongodb://fd:canary@host", "names no database"),
        ("store", "postgres://fd:canary@host/x", "neither `embedded` nor an address like mongodb://"),
        ("knowledge", "http://canary@host:8080", "neither `embedded` nor an address like weaviate://"),
        ("knowledge", "weaviate://host:8080?grpc=canary", "names a port that is no number"),
        ("live", "http://canary/0", "neither `embedded` nor an address like redis://"),
    ],
)
def test_a_wrong_address_is_refused_and_not_repeated(tmp_path: Path, key: str, given: str, said: str) -> None:
    with pytest.raises(ConfigProblems) as caught:
        loaded(tmp_path, {key: given})
    (problem,) = caught.value.problems
    assert f"`{key}`" in problem.what and said in str(problem) and "canary" not in str(problem)


def test_replicas_need_one_key_for_sessions(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems) as caught:
        loaded(tmp_path, ENGINES, secret=None)
    (problem,) = caught.value.problems
    assert "one key" in problem.what and "server.session_secret" in str(problem)


def test_the_parts_of_a_weaviate_address() -> None:
    there = weaviate_at(ENGINES["knowledge"])
    assert (there.host, there.port, there.grpc_port, there.is_secure) == ("search.example", 443, 50052, True)
    assert there.key == "canary/weaviate" and "canary" not in repr(there)
    plain = weaviate_at("weaviate://search")
    assert (plain.port, plain.grpc_port, plain.is_secure, plain.key) == (8080, 50051, False, None)


def test_the_database_of_a_mongodb_address() -> None:
    assert mongodb_database(ENGINES["store"]) == "frontdesk"
