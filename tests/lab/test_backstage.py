"""Behind the scenes of the lab: the switches of models and shop, and the sign-in, over the page's own calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession, web

from gateway.lab.backstage import MODES, PUPPET, SHOP_MODES, Backstage, Passport, told
from gateway.lab.model import ModelLab
from gateway.lab.model.script import load_script
from gateway.lab.server import Lab, Places
from gateway.lab.shop import ShopLab
from gateway.lab.story import STORY_STEPS

SECRET = "a-secret-of-thirty-two-bytes-or-more"
NOW = 1_800_000_000


@dataclass
class Behind:
    """A lab without a vendor, and the page's hands."""

    backstage: Backstage
    url: str
    http: ClientSession

    @property
    def model(self) -> ModelLab:
        assert self.backstage.model is not None
        return self.backstage.model

    @property
    def shop(self) -> ShopLab:
        assert self.backstage.shop is not None
        return self.backstage.shop

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, str]:
        asked = {"Origin": self.url, **headers}
        async with self.http.post(self.url + path, json=body, headers=asked) as answer:
            return answer.status, await answer.text()

    async def about(self) -> Any:
        async with self.http.get(self.url + "/api/lab") as answer:
            return (await answer.json())["backstage"]


async def served(backstage: Backstage) -> AsyncIterator[Behind]:
    lab = Lab(panes=[], stand_ins={}, places=Places(), company="Larkspur", backstage=backstage)
    runner = web.AppRunner(lab.app(), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as http:
        yield Behind(backstage, f"http://127.0.0.1:{runner.addresses[0][1]}", http)
    await runner.cleanup()


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    made = Backstage(
        model=ModelLab(told()),
        shop=ShopLab(),
        passport=Passport(kid="lab", secret=SECRET, audience="demo-web"),
        clock=lambda: NOW,
    )
    async for one in served(made):
        yield one


@pytest.fixture
async def bare() -> AsyncIterator[Behind]:
    async for one in served(Backstage()):
        yield one


async def test_what_there_is_to_switch(behind: Behind) -> None:
    about = await behind.about()
    assert [mode["id"] for mode in about["models"]] == list(MODES)
    assert [mode["id"] for mode in about["shop"]] == list(SHOP_MODES)
    assert {"id": "c_1", "name": "Kim Larsen"} in about["customers"]
    assert [step["say"] for step in about["story"]] == [step.say for step in STORY_STEPS]
    assert about["can_sign_in"] is True


async def test_a_lab_without_models_and_shop_has_nothing_behind_it(bare: Behind) -> None:
    assert await bare.about() is None
    assert (await bare.post("/api/model", {"mode": "normal"}))[0] == 422
    assert (await bare.post("/api/shop", {"mode": "normal"}))[0] == 422
    assert (await bare.post("/api/identity", {"customer": "c_1"}))[0] == 404


@pytest.mark.parametrize("mode", list(MODES))
async def test_every_mode_of_the_models_replaces_the_last(behind: Behind, mode: str) -> None:
    assert (await behind.post("/api/model", {"mode": "outage"}))[0] == 204
    assert (await behind.post("/api/model", {"mode": mode}))[0] == 204
    assert behind.backstage.view().model == mode
    assert behind.model.is_puppet is (mode == PUPPET)
    assert len(behind.model.troubles.waiting) == (0 if mode in ("normal", PUPPET) else 1)


@pytest.mark.parametrize("mode", list(SHOP_MODES))
async def test_every_mode_of_the_shop_replaces_the_last(behind: Behind, mode: str) -> None:
    assert (await behind.post("/api/shop", {"mode": "error"}))[0] == 204
    assert (await behind.post("/api/shop", {"mode": mode}))[0] == 204
    assert behind.backstage.view().shop == mode
    assert len(behind.shop.troubles.waiting) == (mode != "normal")


@pytest.mark.parametrize("body", [{"mode": "unheard-of"}, {"mode": 1}, {}, {"mode": "normal", "more": 1}])
async def test_no_other_mode(behind: Behind, body: Any) -> None:
    assert (await behind.post("/api/model", body))[0] == 422
    assert (await behind.post("/api/shop", body))[0] == 422


async def test_the_sign_in_is_as_the_shops_own_server_would_sign_it(behind: Behind) -> None:
    status, text = await behind.post("/api/identity", {"customer": "c_2"})
    assert status == 200
    token = json.loads(text)["jwt"]
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "lab", "typ": "JWT"}
    told_of = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="demo-web", options={"verify_exp": False, "verify_iat": False}
    )
    assert told_of["sub"] == told_of["customer_account"] == "c_2"
    assert (told_of["name"], told_of["iat"]) == ("Ann Berger", NOW)
    assert told_of["exp"] - NOW <= 24 * 3600


async def test_nobody_signs_in_as_a_stranger(behind: Behind) -> None:
    for customer in ("c_9", "", "../c_1"):
        assert (await behind.post("/api/identity", {"customer": customer}))[0] == 404


async def test_another_sites_page_cannot_switch_anything(behind: Behind) -> None:
    for path, body in (("model", {"mode": "outage"}), ("shop", {"mode": "slow"}), ("identity", {"customer": "c_1"})):
        assert (await behind.post(f"/api/{path}", body, Origin="https://evil.example"))[0] == 403
    assert (behind.backstage.view().model, behind.backstage.view().shop) == ("normal", "normal")


async def test_the_page_is_told_what_changed_at_the_shop(behind: Behind) -> None:
    async with behind.http.get(behind.url + "/api/stream") as answer:
        events = [await _next(answer)]
        behind.shop.database.refund("c_1", "LK-204519", 2_000, "broken")
        behind.shop.watch.changed()
        events.append(await _next(answer))
    first, then = events
    assert first["effects"] == []
    assert then["effects"] == ["initiate refund LK-204519 (c_1): RF-7001, 20.00"]
    (kim,) = [one for one in then["customers"] if one["id"] == "c_1"]
    assert [order["refunded"] for order in kim["orders"] if order["order_id"] == "LK-204519"] == [20.0]


async def _next(answer: Any) -> Any:
    is_ours = False
    while line := (await answer.content.readline()).decode():
        if line.startswith("event: "):
            is_ours = line.strip() == "event: backstage"
        elif is_ours and line.startswith("data: "):
            return json.loads(line[6:])
    raise AssertionError("the stream ended")


def test_the_labs_own_rules_stand_before_the_demos() -> None:
    from gateway.lab.model.lab import DEMO

    demo, ours = load_script(DEMO), told()
    assert [rule.id for rule in ours.rules][-len(demo.rules) :] == [rule.id for rule in demo.rules]
    assert len(ours.rules) > len(demo.rules)
