"""The page's calls to what stands behind the scenes: how the models and the shop behave, and as whom the visitor is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from gateway.lab.backstage import MODES, SHOP_MODES, Backstage
from gateway.lab.page_calls import CALL_HEADERS, decoded, json, listed
from gateway.lab.story import STORY_STEPS


class Mode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the models or the shop shall behave from now on."""

    mode: str


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As which customer of the shop the visitor of the web chat is known."""

    customer: str


def routes(backstage: Backstage) -> list[web.RouteDef]:
    """The calls; the lab's guard judges who may make them."""

    async def model(request: web.Request) -> web.Response:
        return _switched(backstage.set_model, decoded(await request.read(), Mode).mode)

    async def shop(request: web.Request) -> web.Response:
        return _switched(backstage.set_shop, decoded(await request.read(), Mode).mode)

    async def sign_in(request: web.Request) -> web.Response:
        """A token as the company's server makes one for its own page; the page hands it to the chat."""
        asked = decoded(await request.read(), SignIn)
        try:
            return json({"jwt": backstage.sign_in(asked.customer)})
        except LookupError as error:
            raise web.HTTPNotFound(text="Nobody can sign in as that customer here.") from error

    return [web.post("/api/model", model), web.post("/api/shop", shop), web.post("/api/identity", sign_in)]


def about(backstage: Backstage) -> dict[str, Any] | None:
    """Which switches there are; None without models and shop."""
    if not backstage:
        return None
    return {
        "models": listed(MODES) if backstage.model is not None else [],
        "shop": listed(SHOP_MODES) if backstage.shop is not None else [],
        "customers": [{"id": one.id, "name": one.name} for one in backstage.view().customers],
        "story": [*STORY_STEPS] if backstage.model is not None and backstage.shop is not None else [],
        "can_sign_in": backstage.passport is not None and backstage.shop is not None,
    }


def _switched(switch: Callable[[str], None], mode: str) -> web.Response:
    try:
        switch(mode)
    except LookupError as error:
        raise web.HTTPUnprocessableEntity(text=f"There is no mode {mode[:40]!r} here.") from error
    return web.Response(status=204, headers=CALL_HEADERS)
