"""The door of the internal listener: passwords, cookies, throttle, origin, page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

from handoff.people import People
from tests.http.desk_world import PASSWORD, PEOPLE, Browser, DeskWorld, seated, second_listener

RIGHT = {"id": "sam", "password": PASSWORD}
WRONG = {"id": "sam", "password": "guess"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    async with seated(tmp_path) as made:
        yield made


@pytest.fixture
async def stranger(desk: DeskWorld) -> AsyncIterator[Browser]:
    async with Browser(desk) as browser:
        yield browser


async def status_of_me(browser: Browser) -> int:
    return (await browser.send("GET", "/desk/api/me")).status


async def log_in(browser: Browser, body: dict[str, str], **options: Any) -> Any:
    return await browser.send("POST", "/desk/login", json=body, **options)


async def test_json_and_cookie(stranger: Browser) -> None:
    assert await status_of_me(stranger) == 401
    answer = await log_in(stranger, RIGHT)
    assert (answer.status, answer.body["name"]) == (200, "Sam Rivers")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["frontdesk_desk"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["max-age"] == str(12 * 3600)
    assert not cookie["secure"]
    assert PASSWORD not in answer.headers["Set-Cookie"]
    assert await status_of_me(stranger) == 200


async def test_the_form(stranger: Browser) -> None:
    page = await stranger.send("GET", "/desk/login")
    assert page.status == 200
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    wrong = await stranger.send("POST", "/desk/login", data={**WRONG, "next": "https://evil.example/"})
    assert wrong.status == 401
    assert "do not match" in wrong.body
    assert "evil" not in wrong.body
    right = await stranger.send("POST", "/desk/login", data={**RIGHT, "next": "//evil.example/"})
    assert (right.status, right.headers["Location"]) == (303, "/desk/")
    again = await stranger.send("GET", "/desk/login", params={"next": "/admin/sync"})
    assert (again.status, again.headers["Location"]) == (303, "/admin/sync")


async def test_secure_behind_a_tls_proxy_that_we_trust(desk: DeskWorld, stranger: Browser) -> None:
    headers = {"Origin": desk.origin, "X-Forwarded-Proto": "https"}
    plain = await log_in(stranger, RIGHT, headers=headers)
    assert "Secure" not in plain.headers["Set-Cookie"]
    desk.world.current.services = replace(desk.world.services, trusted_proxies=("127.0.0.0/8",))
    proxied = await log_in(stranger, RIGHT, headers=headers)
    assert "Secure" in proxied.headers["Set-Cookie"]


@pytest.mark.parametrize("body", [WRONG, {"id": "nobody", "password": PASSWORD}, {"id": "", "password": ""}])
async def test_wrong_names_and_passwords_look_alike(stranger: Browser, body: dict[str, str]) -> None:
    answer = await log_in(stranger, body)
    assert (answer.status, answer.body["code"]) == (401, "login_failed")
    assert answer.body["detail"] == "That name and password do not match."
    assert "Set-Cookie" not in answer.headers


async def test_five_wrong_passwords_close_the_door_for_a_while(desk: DeskWorld, stranger: Browser) -> None:
    for _ in range(5):
        assert (await log_in(stranger, WRONG)).status == 401
    refused = await log_in(stranger, RIGHT)
    assert refused.status == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 901
    other = await log_in(stranger, {"id": "ana", "password": "another phrase"})
    assert other.status == 200
    desk.world.clock.shift = timedelta(seconds=901)
    assert (await log_in(stranger, RIGHT)).status == 200


async def test_one_address_may_not_try_everybody(stranger: Browser) -> None:
    answers = [await log_in(stranger, {"id": f"name{n}", "password": "x"}) for n in range(31)]
    assert [answer.status for answer in answers] == [401] * 30 + [429]
    form = await stranger.send("POST", "/desk/login", data=RIGHT)
    assert (form.status, "Too many" in form.body) == (429, True)


async def test_logout_ends_the_session_and_its_copies(desk: DeskWorld, stranger: Browser) -> None:
    await log_in(stranger, RIGHT)
    copied = stranger.cookie("frontdesk_desk")
    done = await stranger.send("POST", "/desk/logout", json={})
    assert done.status == 204
    assert await status_of_me(stranger) == 401
    async with Browser(desk) as thief:
        thief.http.cookie_jar.update_cookies({"frontdesk_desk": copied})
        assert await status_of_me(thief) == 401


async def test_a_logout_counts_at_other_replicas_and_after_a_restart(desk: DeskWorld, stranger: Browser) -> None:
    await log_in(stranger, RIGHT)
    copied = stranger.cookie("frontdesk_desk")
    assert (await stranger.send("POST", "/desk/logout", json={})).status == 204
    async with second_listener(desk.world) as url, Browser(replace(desk, url=url)) as thief:
        thief.http.cookie_jar.update_cookies({"frontdesk_desk": copied})
        assert await status_of_me(thief) == 401
        assert (await log_in(thief, RIGHT)).status == 200
        assert await status_of_me(thief) == 200


async def test_a_session_ends_after_twelve_hours(desk: DeskWorld, stranger: Browser) -> None:
    await log_in(stranger, RIGHT)
    desk.world.clock.shift = timedelta(hours=11, minutes=59)
    assert await status_of_me(stranger) == 200
    desk.world.clock.shift = timedelta(hours=12, seconds=1)
    assert await status_of_me(stranger) == 401


async def test_a_changed_password_or_a_removed_person_ends_sessions(desk: DeskWorld, stranger: Browser) -> None:
    await log_in(stranger, RIGHT)
    sam, *others = PEOPLE
    services = desk.world.services
    desk.world.current.services = replace(services, people=People([replace(sam, password="new"), *others]))
    assert await status_of_me(stranger) == 401
    desk.world.current.services = replace(services, people=People(others))
    assert await status_of_me(stranger) == 401
    desk.world.current.services = services
    assert await status_of_me(stranger) == 200


@pytest.mark.parametrize("value", ["", ".", "a.b", "é.ü", "e30.00", "x" * 3000])
async def test_forged_cookies(stranger: Browser, value: str) -> None:
    answer = await stranger.send("GET", "/desk/api/me", headers={"Cookie": f"frontdesk_desk={value}"})
    assert answer.status == 401


async def test_a_cookie_of_another_secret(desk: DeskWorld, stranger: Browser) -> None:
    await log_in(stranger, RIGHT)
    desk.world.current.services = replace(desk.world.services, session_secret=b"another secret")
    assert await status_of_me(stranger) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
async def test_calls_of_other_sites_are_refused(desk: DeskWorld, stranger: Browser, headers: dict[str, str]) -> None:
    contact = await desk.contact()
    await contact.ask("Hello there")
    refused = await log_in(stranger, RIGHT, headers=headers)
    assert (refused.status, refused.body["code"]) == (403, "origin_refused")
    await log_in(stranger, RIGHT)
    for action, body in (
        ("claim", {"key": "1"}),
        ("reply", {"key": "1", "text": "x"}),
        ("note", {"key": "1", "text": "x"}),
    ):
        path = f"/desk/api/conversations/{contact.conv}/{action}?tenant=demo"
        answer = await stranger.send("POST", path, headers=headers, json=body)
        assert (answer.status, answer.body["code"]) == (403, "origin_refused")
    assert (await stranger.send("POST", "/desk/logout", headers=headers, json={})).status == 403
    assert (await desk.head(contact.conv)).seq == 1
    assert await status_of_me(stranger) == 200


async def test_our_own_page_without_an_origin_header(desk: DeskWorld, stranger: Browser) -> None:
    assert (await log_in(stranger, RIGHT, headers={"Sec-Fetch-Site": "same-origin"})).status == 200


async def test_bodies_that_are_no_login(stranger: Browser) -> None:
    own = {"Origin": stranger.desk.origin}
    too_large = await stranger.send("POST", "/desk/login", json={"id": "x" * 5000, "password": "y"})
    assert too_large.status == 413
    wrong_type = await stranger.send("POST", "/desk/login", data=b"x", headers={**own, "Content-Type": "text/plain"})
    assert wrong_type.status == 415
    unknown = await stranger.send("POST", "/desk/login", json={**RIGHT, "admin": True})
    assert (unknown.status, unknown.body["field"]) == (422, "/admin")


async def test_the_page_and_its_files(stranger: Browser) -> None:
    closed = await stranger.send("GET", "/desk/")
    assert (closed.status, closed.headers["Location"]) == (303, "/desk/login")
    short = await stranger.send("GET", "/desk")
    assert (short.status, short.headers["Location"]) == (303, "/desk/")
    await log_in(stranger, RIGHT)
    page = await stranger.send("GET", "/desk/")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.body
    assert "https://" not in page.body
    script = await stranger.send("GET", "/desk/app/app.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    tag = {"If-None-Match": script.headers["ETag"]}
    assert (await stranger.send("GET", "/desk/app/app.js", headers=tag)).status == 304
    for name in ("index.html", "login.html", "..%2Fsettings.py", "nothing.js"):
        assert (await stranger.send("GET", f"/desk/app/{name}")).status == 404
