"""The HTTP client of sources: where it does not go, what it does not take, and how long it waits."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from core.errors import DocumentRejected, SourceUnavailable
from kb_sync.kit.http import (
    OUTAGE,
    Malformed,
    NotAllowed,
    Page,
    Refused,
    Throttled,
    TooLarge,
    Unreachable,
    Web,
    retry_after_s,
)
from kb_sync.kit.problems import listing, one_item
from tests.kb_sync.serving import Serving

SECRET = "canary-4711"


ODD: Mapping[str, Callable[[], web.Response]] = {
    "/loop": lambda: web.Response(status=301, headers={"Location": "/loop"}),
    "/moved": lambda: web.Response(status=301, headers={"Location": "/end"}),
    "/nowhere": lambda: web.Response(status=302, headers={"Location": "http://[half"}),
    "/bomb": lambda: web.Response(body=gzip.compress(b"a" * 5_000_000), headers={"Content-Encoding": "gzip"}),
    "/big": lambda: web.Response(body=b"a" * 200_000),
    "/half": lambda: web.Response(body=gzip.compress(b"many words " * 100)[:-20], headers={"Content-Encoding": "gzip"}),
    "/brotli": lambda: web.Response(body=b"x", headers={"Content-Encoding": "br"}),
    "/deflate": lambda: web.Response(body=zlib.compress(b"words"), headers={"Content-Encoding": "deflate"}),
    "/cookie": lambda: web.Response(headers={"Set-Cookie": "id=1; Path=/"}),
}


class Server:
    """Answers by path, and remembers the headers of every call."""

    def __init__(self, serving: Serving) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.answers: list[web.Response] = []
        self.other = ""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.address = serving.serve(app)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        if request.path == "/unsized":
            return await self._chunks(request, [b"a" * 50_000] * 4)
        if request.path == "/drops":
            return await self._drops(request)
        if request.path == "/hop":
            return web.Response(status=302, headers={"Location": f"{self.other}/end"})
        if request.path in ODD:
            return ODD[request.path]()
        return self.answers.pop(0) if self.answers else web.json_response({"ok": True})

    async def _chunks(self, request: web.Request, parts: list[bytes]) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for part in parts:
            await answer.write(part)
        return answer

    async def _drops(self, request: web.Request) -> web.StreamResponse:
        """A byte now and then, for ever: until the caller has gone."""
        answer = web.StreamResponse()
        await answer.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await answer.write(b"a")
            await asyncio.sleep(0.05)
        return answer


@pytest.fixture
def server(serving: Serving) -> Server:
    return Server(serving)


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def client(server: Server, slept: list[float]) -> Iterator[Web]:
    made = Web(
        allow=[server.address], headers={"Authorization": SECRET}, limit_bytes=100_000, sleep=slept.append, limit_s=20
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/", "http://0x7f.1:{port}/", "http://0.0.0.0:{port}/", "http://10.0.0.1/",
        "http://169.254.169.254/latest/", "http://100.64.0.1/", "http://192.168.1.1/", "http://[fe80::1]/",
        "http://[fd00::1]/", "http://[64:ff9b::7f00:1]/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_private_addresses_are_not_called(server: Server, slept: list[float], address: str) -> None:
    client = Web(sleep=slept.append)
    with pytest.raises(NotAllowed, match="private address"):
        client.get(address.format(port=server.address.rpartition(":")[2]))
    client.close()
    assert server.seen == [] and slept == []


def test_an_allowed_origin_is_allowed_with_its_port_only(serving: Serving, server: Server) -> None:
    other = Server(serving)
    client = Web(allow=[server.address])
    assert client.get(f"{server.address}/x").json() == {"ok": True}
    with pytest.raises(NotAllowed):
        client.get(f"{other.address}/x")
    client.close()
    assert other.seen == []


def test_no_cloud_is_asked_for_its_credentials_even_if_allowed() -> None:
    client = Web(allow=["http://169.254.169.254"])
    with pytest.raises(NotAllowed):
        client.get("http://169.254.169.254/latest/meta-data/")
    client.close()


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://x.example/", "gopher://x/", "//x.example", "x", "", "http://", "http:///a"]
)
def test_only_web_addresses_are_called(client: Web, address: str) -> None:
    with pytest.raises(NotAllowed, match="not a web address"):
        client.get(address)


def test_an_address_with_a_password_is_not_called_and_not_shown(client: Web) -> None:
    with pytest.raises(NotAllowed) as caught:
        client.get(f"https://me:{SECRET}@api.example/x?key={SECRET}")
    assert SECRET not in str(caught.value)


def test_secrets_do_not_follow_a_redirect_to_another_origin(serving: Serving, server: Server) -> None:
    other = Server(serving)
    server.other = other.address
    client = Web(allow=[server.address, other.address], headers={"Authorization": SECRET})
    client.get(f"{server.address}/hop", headers={"X-Key": SECRET, "If-None-Match": '"e"'})
    client.close()
    assert server.seen[0][1]["authorization"] == SECRET and server.seen[0][1]["x-key"] == SECRET
    assert SECRET not in str(other.seen) and other.seen[0][1]["if-none-match"] == '"e"'


def test_an_origin_that_is_not_allowed_is_not_called_with_secrets(serving: Serving, server: Server) -> None:
    files = Server(serving)
    client = Web(allow=[server.address, files.address], headers={"Authorization": SECRET})
    client.get(f"{files.address}/x")
    only_api = Web(allow=[server.address], headers={"Authorization": SECRET})
    with pytest.raises(NotAllowed):
        only_api.get(f"{files.address}/x")
    client.close()
    only_api.close()
    assert len(files.seen) == 1


def test_a_redirect_into_the_house_is_refused(server: Server, client: Web) -> None:
    server.other = "http://10.1.2.3"
    with pytest.raises(NotAllowed, match="private address"):
        client.get(f"{server.address}/hop")


def test_redirects_end(server: Server, client: Web) -> None:
    with pytest.raises(NotAllowed, match="redirects more than 5 times"):
        client.get(f"{server.address}/loop")
    assert len(server.seen) == 6
    with pytest.raises(NotAllowed):
        client.get(f"{server.address}/nowhere")


def test_where_a_page_came_from_is_told(server: Server, client: Web) -> None:
    page = client.get(f"{server.address}/moved#part")
    assert page.url == f"{server.address}/end" and page.is_moved
    assert not client.get(f"{server.address}/end").is_moved


def test_a_query_with_a_body_is_not_redirected(server: Server, client: Web) -> None:
    with pytest.raises(Refused) as caught:
        client.send("POST", f"{server.address}/moved", json={"q": 1})
    assert caught.value.status == 301 and len(server.seen) == 1
    assert server.seen[0][1]["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/bomb", "/big", "/unsized"])
def test_large_answers_are_not_taken(server: Server, client: Web, path: str) -> None:
    with pytest.raises(TooLarge, match=r"0\.1 MB"):
        client.get(f"{server.address}{path}")


def test_one_call_may_take_more(server: Server, client: Web) -> None:
    assert len(client.get(f"{server.address}/big", limit_bytes=300_000).body) == 200_000


@pytest.mark.parametrize(("path", "problem"), [("/half", "damaged"), ("/brotli", "was not asked for")])
def test_packings_that_cannot_be_read_are_said(server: Server, client: Web, path: str, problem: str) -> None:
    with pytest.raises(Malformed, match=problem):
        client.get(f"{server.address}{path}")


def test_deflate_is_unpacked(server: Server, client: Web) -> None:
    assert client.get(f"{server.address}/deflate").body == b"words"


def test_drops_do_not_keep_it_for_ever(server: Server, slept: list[float]) -> None:
    client = Web(allow=[server.address], limit_s=0.3, sleep=slept.append)
    with pytest.raises(Unreachable, match=r"within 0\.3 s"):
        client.get(f"{server.address}/drops")
    client.close()
    assert slept == [1.0, 2.0]


def test_it_keeps_no_cookies(server: Server, client: Web) -> None:
    client.get(f"{server.address}/cookie")
    client.get(f"{server.address}/x")
    assert "cookie" not in server.seen[1][1]


def test_an_unchanged_page_is_a_page(server: Server, client: Web) -> None:
    server.answers = [web.Response(status=304, headers={"ETag": '"e"', "Last-Modified": "Tue"})]
    page = client.get(f"{server.address}/x")
    assert page.is_unchanged and (page.etag, page.last_modified) == ('"e"', "Tue")


def test_parameters_are_added_to_the_query(server: Server, client: Web) -> None:
    page = client.get(f"{server.address}/x?a=1%2B1", params={"q": "ü b"})
    assert page.url.partition("?")[2] in ("a=1%2B1&q=%C3%BC+b", "a=1%2B1&q=%C3%BC%20b")


def test_an_address_that_is_written_out_stays_to_the_letter(server: Server, client: Web) -> None:
    assert client.get(f"{server.address}/a%2Bb%7Ec?x=%2f").url == f"{server.address}/a%2Bb%7Ec?x=%2f"


def test_throttling_is_waited_for(server: Server, client: Web, slept: list[float]) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=110), usegmt=True)
    server.answers = [
        web.Response(status=429, headers={"Retry-After": "3"}),
        web.Response(status=503, headers={"Retry-After": later}),
        web.Response(status=429),
    ]
    assert client.get(f"{server.address}/x").json() == {"ok": True}
    assert slept[0] == 3 and 0 < slept[1] <= 110 and slept[2] == 4


def test_throttling_without_end_is_said(server: Server, client: Web, slept: list[float]) -> None:
    server.answers = [web.Response(status=429, headers={"Retry-After": "30"}) for _ in range(20)]
    with pytest.raises(Throttled) as caught:
        client.get(f"{server.address}/x?key={SECRET}")
    assert caught.value.retry_after_s == 30 and sum(slept) == 150 and SECRET not in str(caught.value)


def test_whoever_wants_us_tomorrow_is_not_waited_for(server: Server, client: Web, slept: list[float]) -> None:
    server.answers = [web.Response(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(Throttled):
        client.get(f"{server.address}/x")
    assert slept == []


@pytest.mark.parametrize("said", ["", "soon", "-5", "nan", "1e999", "Tue, 99 Foo 2026", "\u0665"])
def test_a_wait_that_nobody_can_read_is_none(said: str) -> None:
    assert retry_after_s({"retry-after": said}) is None


def test_calls_to_one_host_keep_their_distance(server: Server, slept: list[float]) -> None:
    """The waits add up, for whoever is told to sleep here does not."""
    client = Web(allow=[server.address], per_host_s=500, sleep=slept.append)
    for _ in range(3):
        client.get(f"{server.address}/x")
    client.at_most_every(server.address, 6_000)
    client.at_most_every(server.address, 1)
    for _ in range(2):
        client.get(f"{server.address}/x")
    client.close()
    assert len(slept) == 4 and 0 < slept[0] <= 500 < slept[1] <= 1_000 < slept[2] <= 1_500
    assert 6_000 < slept[3] <= 7_500


def test_json_that_is_none_is_said_without_its_words() -> None:
    page = Page(url="https://x.example/a?k=1", status=200, headers={}, body=b"<html>canary")
    with pytest.raises(Malformed, match=r"https://x\.example/a answers with an HTML page instead of JSON"):
        page.json()
    with pytest.raises(Malformed, match="cannot be read"):
        Page(url="https://x.example/a", status=200, headers={}, body=b'{"a": ' + b"[" * 100_000).json()


def test_what_it_means_for_the_sync() -> None:
    with pytest.raises(SourceUnavailable, match="check the credentials"), listing():
        raise Refused("https://x.example answers with status 401", status=401)
    with pytest.raises(DocumentRejected, match="too slow"), one_item():
        raise Unreachable("too slow")


def test_a_host_that_is_gone_ends_the_source_and_not_just_one_item(serving: Serving, slept: list[float]) -> None:
    address = serving.serve(web.Application())
    serving.stop(address)
    client = Web(allow=[address], sleep=slept.append)
    ends: list[type[Exception]] = []
    for _ in range(OUTAGE):
        try:
            with one_item():
                client.get(f"{address}/x")
        except (DocumentRejected, SourceUnavailable) as error:
            ends.append(type(error))
    client.close()
    assert ends == [DocumentRejected] * (OUTAGE - 1) + [SourceUnavailable]


def test_plain_http_is_not_taken_for_https(server: Server, slept: list[float]) -> None:
    address = server.address.replace("http://", "https://")
    client = Web(allow=[address], sleep=slept.append)
    with pytest.raises(Unreachable, match="its certificate or its encryption cannot be trusted"):
        client.get(f"{address}/x")
    client.close()
    assert server.seen == []


def test_it_may_be_closed_at_any_time(server: Server) -> None:
    client = Web(allow=[server.address])
    client.close()
    client.get(f"{server.address}/x")
    client.close()
    client.close()
