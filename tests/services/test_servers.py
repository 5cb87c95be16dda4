"""The servers that tests talk to are there and are what they are taken for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pymongo
import pytest
import redis
from pymongo.errors import BulkWriteError
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.addresses import weaviate_at
from tests.services import servers
from tests.services.fixtures import made
from tests.services.link import Link
from tests.services.server import LOOPBACK, Server, answers, folder, forget, new_folder


def test_the_mongodb_refuses_an_id_that_exists(mongodb: str) -> None:
    with pymongo.MongoClient[dict[str, object]](mongodb) as client:
        collection = client.get_default_database()["things"]
        collection.insert_one({"_id": "a"})
        with pytest.raises(BulkWriteError) as refused:
            collection.insert_many([{"_id": "b"}, {"_id": "a"}, {"_id": "c"}], ordered=False)
        assert [error["op"]["_id"] for error in refused.value.details["writeErrors"]] == ["a"]
        assert collection.count_documents({}) == 3


def test_the_weaviate_is_ready(weaviate: str) -> None:
    place = weaviate_at(weaviate)
    assert httpx.get(f"http://{place.host}:{place.port}/v1/.well-known/ready").status_code == 200
    assert answers(place.grpc_port)


def test_the_redis_answers(redis_server: str) -> None:
    with redis.Redis.from_url(redis_server) as client:
        assert client.ping()


def test_a_server_keeps_its_data_and_its_port_when_it_is_killed() -> None:
    server = made(servers.mongodb)
    try:
        server.start()
        with pymongo.MongoClient[dict[str, object]](servers.mongodb_address(server)) as client:
            client["t"]["things"].insert_one({"_id": "a"})
            server.kill()
            assert not answers(server.port)
            server.start()
            assert client["t"]["things"].count_documents({}) == 1
    finally:
        forget(server)
    assert not server.data.exists()


def test_a_server_that_does_not_start_says_why() -> None:
    server = Server(command=("sh", "-c", "echo no such thing >&2; exit 1"), port=1, data=new_folder("none"))
    try:
        with pytest.raises(RuntimeError, match="no such thing"):
            server.start()
    finally:
        forget(server)


def test_a_server_that_was_not_built_names_the_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_SERVICES", str(tmp_path))
    assert folder() == tmp_path
    for make in (servers.mongodb, servers.weaviate):
        with pytest.raises(servers.NotHere, match="make services"):
            make()


def test_a_link_can_be_cut_and_mended(redis_server: str) -> None:
    port = urlsplit(redis_server).port
    assert port is not None
    link = Link(port)
    link.start()
    try:
        with redis.Redis(host=LOOPBACK, port=link.port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            assert client.ping()
            link.cut()
            with pytest.raises(redis.ConnectionError):
                client.ping()
            link.mend()
            assert client.ping()
            link.stall()
            with pytest.raises(redis.TimeoutError):
                client.ping()
            link.flow()
            assert client.ping()
    finally:
        link.stop()
