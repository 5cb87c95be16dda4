"""The shop over a real socket: whose orders, what may be done with them, once for each key, and every fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from gateway.lab.shop import ShopLab, ShopTrouble
from gateway.lab.shop.seed import INJECTION
from tests.lab.model.served import listening

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KIM, ANN = "c_1", "c_2"


@dataclass
class Shop:
    lab: ShopLab
    address: str
    session: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, body: Any = None, *, customer: str | None = KIM, key: str = "", **more: Any
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.lab.key}", **more.pop("headers", {})}
        if customer is not None:
            headers["X-Customer-Account"] = customer
        if key:
            headers["Idempotency-Key"] = key
        async with self.session.request(method, self.address + path, json=body, headers=headers, **more) as answer:
            return answer.status, await answer.json()

    async def refund(self, order: str, amount: Any, **more: Any) -> tuple[int, Any]:
        return await self.call("POST", f"/orders/{order}/refunds", {"amount": amount, "reason": "late"}, **more)


@asynccontextmanager
async def opened() -> AsyncIterator[Shop]:
    lab = ShopLab(now=lambda: NOW)
    async with listening(lab.app()) as address, aiohttp.ClientSession() as session:
        yield Shop(lab, address, session)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with opened() as made:
        yield made


async def test_the_seed_has_customers_orders_and_one_injection(shop: Shop) -> None:
    assert len(shop.lab.database.customers) >= 3
    assert len(shop.lab.database.orders) >= 12
    assert {order.customer for order in shop.lab.database.orders.values()} == set(shop.lab.database.customers)
    assert [order.id for order in shop.lab.database.orders.values() if order.customer_note == INJECTION] == [
        "LK-204522"
    ]


async def test_a_customer_sees_their_own_orders_and_no_others(shop: Shop) -> None:
    status, told = await shop.call("GET", "/orders")
    assert status == 200
    ids = [order["order_id"] for order in told["orders"]]
    assert ids == ["LK-204520", "LK-204518", "LK-204519", "LK-204522", "LK-204521"]
    status, order = await shop.call("GET", "/orders/LK-204518")
    assert (order["status"], order["total"], order["currency"]) == ("Handed to carrier", 43.95, "GBP")
    foreign = await shop.call("GET", "/orders/LK-204530")
    unknown = await shop.call("GET", "/orders/LK-999999")
    assert foreign[0] == unknown[0] == 404
    assert foreign[1]["error"] == unknown[1]["error"] == "order_unknown"


async def test_it_wants_its_key_and_exactly_one_customer(shop: Shop) -> None:
    async with shop.session.get(f"{shop.address}/orders") as answer:
        assert answer.status == 401
    assert (await shop.call("GET", "/orders", customer=None))[0] == 400
    assert (await shop.call("GET", "/orders?customer_account=c_2", customer=KIM))[0] == 400
    assert (await shop.call("GET", "/orders?customer_account=c_2", customer=None))[1]["orders"][0][
        "order_id"
    ] == "LK-204532"
    assert (await shop.call("GET", "/orders", customer="c_99"))[0] == 404


async def test_a_foreign_customer_in_the_body_is_refused(shop: Shop) -> None:
    body = {"amount": 10, "reason": "x", "customer_account": ANN}
    assert (await shop.call("POST", "/orders/LK-204530/refunds", body, customer=KIM))[0] == 400
    assert shop.lab.database.effects == []


async def test_a_refund_is_done_and_counted(shop: Shop) -> None:
    status, told = await shop.refund("LK-204518", 19.5)
    assert status == 200
    assert told == {
        "refund_id": "RF-7001",
        "order_id": "LK-204518",
        "amount": 19.5,
        "currency": "GBP",
        "refunded": 19.5,
        "status": "started",
    }
    assert (await shop.call("GET", "/orders/LK-204518"))[1]["refunded"] == 19.5
    state = shop.lab.state()
    assert state["counts"] == {"initiate_refund": 1}
    assert state["refunded"] == 19.5


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (44, "amount_too_high"),
        (0, "amount_invalid"),
        (-5, "amount_invalid"),
        (1.005, "amount_invalid"),
        (1e300, "amount_invalid"),
        ("10", "body_invalid"),
        (None, "body_invalid"),
        (True, "body_invalid"),
    ],
)
async def test_amounts_that_cannot_be(shop: Shop, amount: Any, code: str) -> None:
    status, told = await shop.refund("LK-204518", amount)
    assert (status, told["error"]) == (422, code)
    assert shop.lab.database.effects == []


async def test_refunds_together_never_exceed_what_was_paid(shop: Shop) -> None:
    told = await asyncio.gather(*(shop.refund("LK-204518", 20) for _ in range(5)))
    assert sorted(status for status, _ in told) == [200, 200, 422, 422, 422]
    assert shop.lab.state()["refunded"] == 40


async def test_the_same_key_gives_the_same_answer_once(shop: Shop) -> None:
    told = await asyncio.gather(*(shop.refund("LK-204518", 10, key="k1") for _ in range(4)))
    assert all(each == told[0] for each in told)
    assert shop.lab.state()["counts"] == {"initiate_refund": 1}
    status, other = await shop.refund("LK-204518", 11, key="k1")
    assert (status, other["error"]) == (422, "key_reused")
    refused = await shop.refund("LK-204518", 999, key="k2")
    assert await shop.refund("LK-204518", 999, key="k2") == refused
    assert (await shop.refund("LK-204518", 10, key="k3"))[1]["refund_id"] == "RF-7002"


async def test_a_return_starts_by_name_or_number_and_once_for_each_item(shop: Shop) -> None:
    async def back(*items: str, order: str = "LK-204519") -> tuple[int, Any]:
        return await shop.call("POST", f"/orders/{order}/returns", {"items": list(items), "reason": "wrong size"})

    status, told = await back("dripmate", "GL-M")
    assert (status, told["return_id"], told["items"]) == (200, "RT-5001", ["DripMate 4 controller", "Rose gloves"])
    assert (await back("Rose gloves"))[1]["error"] == "already_returned"
    assert (await back("a spade"))[1]["error"] == "item_unknown"
    assert (await back())[1]["error"] == "items_missing"
    assert (await back("wren", order="LK-204518"))[1]["error"] == "not_delivered"
    assert (await back("reel", order="LK-204521"))[1]["error"] == "window_over"
    assert (await back("rose", order="LK-204522"))[1]["error"] == "no_return"


async def test_an_address_changes_only_before_the_order_is_packed(shop: Shop) -> None:
    home = {"street": "5 Oak Lane", "city": "Leeds", "postal_code": "LS1 4AP", "country": "GB"}
    status, told = await shop.call("PUT", "/orders/LK-204520/address", home)
    assert (status, told["address"]) == (200, home)
    assert (await shop.call("PUT", "/orders/LK-204518/address", home))[1]["error"] == "too_late"
    abroad = {**home, "country": "FR"}
    assert (await shop.call("PUT", "/orders/LK-204520/address", abroad))[1]["error"] == "country_fixed"
    assert (await shop.call("PUT", "/orders/LK-204520/address", {**home, "city": " "}))[1]["error"] == "address_invalid"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"amount": 1}', b"\xff"])
async def test_bad_bodies_are_refused(shop: Shop, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {shop.lab.key}", "X-Customer-Account": KIM}
    async with shop.session.post(f"{shop.address}/orders/LK-204518/refunds", data=body, headers=headers) as answer:
        assert answer.status in (400, 422)
        assert set(await answer.json()) == {"error", "message"}


async def test_faults_before_anything_is_done(shop: Shop) -> None:
    shop.lab.troubles.add("error", on="initiate_refund")
    assert (await shop.call("GET", "/orders"))[0] == 200
    assert (await shop.refund("LK-204518", 10))[0] == 500
    shop.lab.troubles.add(ShopTrouble.REFUSED)
    assert (await shop.call("GET", "/orders"))[0] == 401
    assert shop.lab.database.effects == []
    assert (await shop.refund("LK-204518", 10))[0] == 200


async def test_a_page_a_flood_and_half_an_answer(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {shop.lab.key}", "X-Customer-Account": KIM}

    async def got() -> tuple[str, bytes]:
        async with shop.session.get(f"{shop.address}/orders", headers=headers) as answer:
            assert answer.status == 200
            return answer.content_type, await answer.read()

    for trouble in ("html", "huge", "unreadable"):
        shop.lab.troubles.add(trouble)
    kind, page = await got()
    assert kind == "text/html"
    assert b"maintenance" in page
    kind, flood = await got()
    assert kind == "application/json"
    assert len(flood) > 5_000_000
    kind, half = await got()
    assert (kind, half) == ("application/json", b'{"order_id": "LK-2045')


@pytest.mark.parametrize("trouble", ["lost", "broken"])
async def test_an_answer_is_lost_after_the_money_went(shop: Shop, trouble: str) -> None:
    shop.lab.troubles.add(trouble)
    with pytest.raises((TimeoutError, aiohttp.ClientError)):
        await shop.refund("LK-204518", 10, key="k", timeout=aiohttp.ClientTimeout(total=0.3))
    assert shop.lab.state()["counts"] == {"initiate_refund": 1}
    status, told = await shop.refund("LK-204518", 10, key="k")
    assert (status, told["refund_id"]) == (200, "RF-7001")
    assert shop.lab.state()["counts"] == {"initiate_refund": 1}


async def test_slow_is_slow_before_anything_is_done(shop: Shop) -> None:
    shop.lab.troubles.add("slow", seconds=0.2)
    now = asyncio.get_running_loop().time
    started = now()
    assert (await shop.refund("LK-204518", 10))[0] == 200
    assert now() - started >= 0.2


async def test_faults_are_switched_over_the_wire(shop: Shop) -> None:
    switch = f"{shop.address}/_lab/trouble"
    async with shop.session.post(switch, json={"trouble": "error", "on": "list_orders", "times": None}) as answer:
        assert (await answer.json())["troubles"] == [{"trouble": "error", "on": "list_orders"}]
    assert [(await shop.call("GET", "/orders"))[0] for _ in range(2)] == [500, 500]
    async with shop.session.delete(switch) as answer:
        assert (await answer.json())["troubles"] == []
    assert (await shop.call("GET", "/orders"))[0] == 200
    async with shop.session.post(switch, json={"trouble": "flood"}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "rebound.example"}])
async def test_no_other_sites_page_may_switch(shop: Shop, headers: dict[str, str]) -> None:
    async with shop.session.post(
        f"{shop.address}/_lab/trouble", data=b'{"trouble": "error"}', headers=headers
    ) as answer:
        assert answer.status == 403
    assert shop.lab.troubles.waiting == ()


async def test_the_end_of_the_shop_does_not_wait_for_a_lost_answer() -> None:
    async with opened() as shop:
        shop.lab.troubles.add("lost")
        asking = asyncio.create_task(shop.refund("LK-204518", 10))
        await shop.lab.watch.until(lambda: shop.lab.state()["counts"] == {"initiate_refund": 1})
    with pytest.raises((aiohttp.ClientError, RuntimeError)):
        await asking
