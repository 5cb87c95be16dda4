"""The shop's API over HTTP: keys, whose orders they are, once for each idempotency key, and faults on request."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from gateway.lab.callers import refuse_strangers
from gateway.lab.shop import openapi
from gateway.lab.shop.database import Address, Refused, amount
from gateway.lab.shop.troubles import ShopArmed, ShopTrouble

if TYPE_CHECKING:
    from gateway.lab.shop.lab import ShopLab

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = tuple[int, dict[str, Any]]

MAX_BODY_BYTES: Final = 65_536
KEPT_KEYS: Final = 10_000
LOST_S: Final = 60.0
SLOW_S: Final = 5.0
GLANCE_S: Final = 0.05
HUGE_BYTES: Final = 5 * 1_048_576
PAGE: Final = (
    "<!doctype html><html><head><title>Back soon</title><script>steal()</script></head><body><h1>We are down for maintenance</h1>"
    "<p>Larkspur's shop is back at 06:00.</p></body></html>"
)
ACCOUNT: Final = "customer_account"


class Refunding(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a refund; ``amount`` has at most two decimals."""

    amount: float | int
    reason: str


class Returning(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a return."""

    items: list[str]
    reason: str


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a change of address."""

    street: str
    city: str
    postal_code: str
    country: str


class Door:
    """The API of one shop."""

    def __init__(self, lab: ShopLab) -> None:
        self._lab = lab
        self._answered: OrderedDict[str, tuple[str, Answer]] = OrderedDict()
        self._closing = asyncio.Event()

    def app(self) -> web.Application:
        """Served at a root or under a prefix."""
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY_BYTES)
        one = "/orders/{order_id}"
        app.add_routes(
            [
                web.get("/orders", self._list, name="list_orders"),
                web.get(one, self._lookup, name="lookup_order"),
                web.post(f"{one}/returns", self._return, name="start_return"),
                web.post(f"{one}/refunds", self._refund, name="initiate_refund"),
                web.put(f"{one}/address", self._address, name="update_address"),
                web.get("/openapi.json", self._openapi),
                web.get("/_lab/state", self._state),
                web.post("/_lab/trouble", self._trouble),
                web.delete("/_lab/trouble", self._calm),
            ]
        )
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        self._closing.set()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keys, faults, and refusals as JSON."""
        operation = request.match_info.route.name
        if operation is None:
            refuse_strangers(request)
            return await handler(request)
        self._lab.calls.append(f"{request.method} {request.path}")
        armed = self._lab.troubles.take(operation)
        try:
            if not self._is_authorized(request) or (armed and armed.trouble is ShopTrouble.REFUSED):
                raise Refused(401, "key_invalid", "The key is not valid.")
            if early := await self._before(request, armed):
                return early
            response = await handler(request)
        except Refused as refused:
            told = {"error": refused.code, "message": refused.message}
            response = web.json_response(told, status=refused.status)
        finally:
            self._lab.watch.changed()
        return await self._after(request, response, armed)

    def _is_authorized(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {self._lab.key}".encode())

    async def _before(self, request: web.Request, armed: ShopArmed | None) -> web.Response | None:
        """The faults that keep anything from being done."""
        match armed.trouble if armed else None:
            case ShopTrouble.ERROR:
                return web.json_response({"error": "internal", "message": "Something went wrong."}, status=500)
            case ShopTrouble.HTML:
                return web.Response(text=PAGE, content_type="text/html")
            case ShopTrouble.HUGE:
                return web.json_response({"orders": [], "padding": "x" * HUGE_BYTES})
            case ShopTrouble.UNREADABLE:
                return web.Response(text='{"order_id": "LK-2045', content_type="application/json")
            case ShopTrouble.SLOW if armed:
                await self._hold(request, SLOW_S if armed.seconds is None else armed.seconds)
        return None

    async def _after(
        self, request: web.Request, response: web.StreamResponse, armed: ShopArmed | None
    ) -> web.StreamResponse:
        """The faults that lose the answer."""
        match armed.trouble if armed else None:
            case ShopTrouble.LOST if armed:
                await self._hold(request, LOST_S if armed.seconds is None else armed.seconds)
            case ShopTrouble.BROKEN if request.transport is not None:
                request.transport.abort()
        return response

    async def _hold(self, request: web.Request, seconds: float) -> None:
        """Wait, no longer than the caller does."""
        now = asyncio.get_running_loop().time
        until = now() + seconds
        while now() < until and not self._closing.is_set():
            transport = request.transport
            if transport is None or transport.is_closing():
                return
            await asyncio.sleep(min(GLANCE_S, max(0.0, until - now())))

    # Operations

    async def _list(self, request: web.Request) -> web.Response:
        customer = _account(request, {})
        return web.json_response({"orders": [order.short_view() for order in self._lab.database.of(customer)]})

    async def _lookup(self, request: web.Request) -> web.Response:
        order = self._lab.database.one(_account(request, {}), request.match_info["order_id"])
        return web.json_response(order.view())

    async def _return(self, request: web.Request) -> web.Response:
        def act(customer: str, order_id: str, body: bytes) -> dict[str, Any]:
            wish = _decoded(body, Returning)
            made = self._lab.database.start_return(customer, order_id, wish.items, wish.reason)
            order = self._lab.database.one(customer, order_id)
            names = [item.name for item in order.items if item.sku in made.items]
            return {
                "return_id": made.id,
                "order_id": order.id,
                "items": names,
                "status": "started",
                "label": "by e-mail",
            }

        return await self._once(request, act)

    async def _refund(self, request: web.Request) -> web.Response:
        def act(customer: str, order_id: str, body: bytes) -> dict[str, Any]:
            wish = _decoded(body, Refunding)
            made = self._lab.database.refund(customer, order_id, _cents(wish.amount), wish.reason)
            order = self._lab.database.one(customer, order_id)
            return {
                "refund_id": made.id,
                "order_id": order.id,
                "amount": amount(made.cents),
                "currency": order.currency,
                "refunded": amount(order.refunded_cents),
                "status": "started",
            }

        return await self._once(request, act)

    async def _address(self, request: web.Request) -> web.Response:
        def act(customer: str, order_id: str, body: bytes) -> dict[str, Any]:
            wish = _decoded(body, Moving)
            given = [wish.street, wish.city, wish.postal_code, wish.country]
            if not all(text.strip() and len(text) <= 200 for text in given):
                raise Refused(422, "address_invalid", "Each part of the address needs 1 to 200 characters.")
            street, city, postal_code, country = (text.strip() for text in given)
            address = Address(street=street, city=city, postal_code=postal_code, country=country.upper())
            order = self._lab.database.move(customer, order_id, address)
            return {"order_id": order.id, "status": order.status.value, "address": order.view()["address"]}

        return await self._once(request, act)

    async def _once(self, request: web.Request, act: Callable[[str, str, bytes], dict[str, Any]]) -> web.Response:
        """Do it, or give the answer that its idempotency key already has."""
        body = await request.read()
        customer = _account(request, _decoded(body, dict[str, Any]))
        key, mark = request.headers.get("Idempotency-Key"), _mark(request, customer, body)
        known = self._answered.get(key) if key else None
        if known is not None:
            if known[0] != mark:
                raise Refused(422, "key_reused", "This Idempotency-Key was used for another request.")
            status, told = known[1]
            return web.json_response(told, status=status, headers={"Idempotent-Replayed": "true"})
        answer = self._done(act, customer, request.match_info["order_id"], body)
        if key:
            self._answered[key] = (mark, answer)
            if len(self._answered) > KEPT_KEYS:
                self._answered.popitem(last=False)
        return web.json_response(answer[1], status=answer[0])

    def _done(
        self, act: Callable[[str, str, bytes], dict[str, Any]], customer: str, order_id: str, body: bytes
    ) -> Answer:
        try:
            return 200, act(customer, order_id, body)
        except Refused as refused:
            return refused.status, {"error": refused.code, "message": refused.message}

    # About itself

    async def _openapi(self, request: web.Request) -> web.Response:
        root = request.path.removesuffix("/openapi.json")
        return web.json_response(openapi.document(f"{request.scheme}://{request.host}{root}"))

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self._lab.state())

    async def _trouble(self, request: web.Request) -> web.Response:
        try:
            self._lab.troubles.arm(msgspec.json.decode(await request.read(), type=ShopArmed))
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        return web.json_response(self._lab.state())

    async def _calm(self, _: web.Request) -> web.Response:
        self._lab.troubles.clear()
        return web.json_response(self._lab.state())


def _account(request: web.Request, body: dict[str, Any]) -> str:
    """Whose orders: the header, the query or the field of the body, which must not contradict one another."""
    given = (request.headers.get("X-Customer-Account"), request.query.get(ACCOUNT), body.get(ACCOUNT))
    named = {value for value in given if isinstance(value, str) and value}
    if len(named) != 1:
        raise Refused(400, "customer_missing", "Say in X-Customer-Account, once, whose orders these are.")
    return named.pop()


def _decoded(body: bytes, shape: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise Refused(422, "body_invalid", str(error)) from None
    except msgspec.DecodeError:
        raise Refused(400, "body_malformed", "The body is not JSON.") from None


def _cents(value: float | int) -> int:
    """An amount in cents, exactly."""
    try:
        cents = Decimal(str(value)) * 100
    except InvalidOperation:
        raise Refused(422, "amount_invalid", "The amount is not a number.") from None
    if not cents.is_finite() or cents != cents.to_integral_value() or abs(cents) > 10**12:
        raise Refused(422, "amount_invalid", "The amount has more than two decimals, or no end.")
    return int(cents)


def _mark(request: web.Request, customer: str, body: bytes) -> str:
    """What makes two requests the same one."""
    told = json.dumps(msgspec.json.decode(body), sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path} {customer} {told}".encode()).hexdigest()
