"""What stands behind the company's site in the lab: the models it asks and the shop its tools call, with their switches.

They are found by their addresses in the YAML, like the vendors; each is mounted under the first folder of its address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jwt
import msgspec

from gateway.lab.model import ModelLab, Script, Trouble, load_script
from gateway.lab.model.lab import DEMO
from gateway.lab.model.script import Model
from gateway.lab.shop import ShopLab
from gateway.lab.shop.troubles import ShopTrouble
from gateway.lab.vendor import Watch

NORMAL: Final = "normal"
PUPPET: Final = "puppet"
SLOW_S: Final = 3.0
MODES: Final = {
    NORMAL: "Normal",
    Trouble.SLOW_FIRST: "Slow",
    Trouble.OUTAGE: "Outage",
    Trouble.THROTTLED: "Too busy (429)",
    Trouble.CUT: "Breaks off",
    Trouble.WRONG_FACTS: "Wrong facts",
    Trouble.WRONG_LANGUAGE: "Wrong language",
    Trouble.LEAK: "Leaks its prompt",
    Trouble.BAD_TOOL_JSON: "Broken tool calls",
    PUPPET: "Obeys everybody",
}
"""What a visitor may make of the models; all but the first two are failures that the engine must survive."""

SHOP_MODES: Final = {
    NORMAL: "Normal",
    ShopTrouble.SLOW: "Slow",
    ShopTrouble.ERROR: "Out of order (500)",
    ShopTrouble.BROKEN: "Done, but the answer is lost",
    ShopTrouble.HTML: "Answers a web page",
}
TOKEN_S: Final = 3_600
STORY: Final = Path(__file__).parent / "story.yaml"
TOKENS_PER_S: Final = 300.0
"""Nobody who plays should wait as long as a customer might: a model that obeys everybody says and calls a great deal."""


def told(tokens_per_s: float = TOKENS_PER_S) -> Script:
    """The demo's script with the lab's own rules before it, its models speaking this fast."""
    demo, own = load_script(DEMO), load_script(STORY)
    models: list[Model | str] = [
        msgspec.structs.replace(Model(id=one) if isinstance(one, str) else one, tokens_per_s=tokens_per_s)
        for one in demo.models
    ]
    return msgspec.structs.replace(demo, models=models, rules=[*own.rules, *demo.rules])


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """An order, for the shop's panel; money in the order's currency."""

    order_id: str
    status: str
    items: list[str]
    total: float
    refunded: float
    currency: str
    returns: list[str]


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of the shop, the newest order first."""

    id: str
    name: str
    orders: list[OrderLine]


class BackstageView(msgspec.Struct, frozen=True, kw_only=True):
    """The pane behind the scenes as the page draws it; None: that part is not in the lab."""

    model: str | None = None
    calls: int = 0
    shop: str | None = None
    customers: list[CustomerView] = []
    effects: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """With which key the company's own server would sign who its customer is."""

    kid: str
    secret: str = field(repr=False)
    audience: str


@dataclass(kw_only=True)
class Backstage:
    """Models and shop of the lab; either may be missing."""

    model: ModelLab | None = None
    shop: ShopLab | None = None
    passport: Passport | None = None
    clock: Callable[[], float] = time.time

    def __bool__(self) -> bool:
        return self.model is not None or self.shop is not None

    @property
    def watches(self) -> tuple[Watch, ...]:
        """What tells that the view may have changed."""
        return tuple(part.watch for part in (self.model, self.shop) if part is not None)

    def set_model(self, mode: str) -> None:
        """Let every coming call go this way; ``LookupError`` for a mode that is none."""
        if self.model is None or mode not in MODES:
            raise LookupError(mode)
        self.model.calm()
        if mode == PUPPET:
            self.model.is_puppet = True
        elif mode != NORMAL:
            seconds = SLOW_S if mode == Trouble.SLOW_FIRST else None
            self.model.troubles.add(mode, times=None, seconds=seconds)
        self.model.watch.changed()

    def set_shop(self, mode: str) -> None:
        """Let every coming call of a tool go this way; ``LookupError`` for a mode that is none."""
        if self.shop is None or mode not in SHOP_MODES:
            raise LookupError(mode)
        self.shop.troubles.clear()
        if mode != NORMAL:
            self.shop.troubles.add(mode, times=None)
        self.shop.watch.changed()

    def sign_in(self, customer: str) -> str:
        """The token by which the company's server would vouch for a customer; ``LookupError`` for a stranger."""
        if self.passport is None or self.shop is None:
            raise LookupError(customer)
        known, now = self.shop.database.customers[customer], int(self.clock())
        claims: Mapping[str, Any] = {
            "sub": known.id,
            "customer_account": known.id,
            "name": known.name,
            "email": known.email,
            "email_verified": True,
            "aud": self.passport.audience,
            "iat": now,
            "exp": now + TOKEN_S,
        }
        return jwt.encode(dict(claims), self.passport.secret, algorithm="HS256", headers={"kid": self.passport.kid})

    def view(self) -> BackstageView:
        """What there is to show now."""
        return BackstageView(
            model=None if self.model is None else self._model_mode(self.model),
            calls=0 if self.model is None else self.model.calls.count,
            shop=None if self.shop is None else self._shop_mode(self.shop),
            customers=[] if self.shop is None else _customers(self.shop),
            effects=[] if self.shop is None else [_told(effect) for effect in self.shop.database.effects[-20:]],
        )

    def _model_mode(self, model: ModelLab) -> str:
        if model.is_puppet:
            return PUPPET
        waiting = model.troubles.waiting
        return str(waiting[0].trouble) if waiting else NORMAL

    def _shop_mode(self, shop: ShopLab) -> str:
        waiting = shop.troubles.waiting
        return str(waiting[0].trouble) if waiting else NORMAL


def _customers(shop: ShopLab) -> list[CustomerView]:
    return [
        CustomerView(
            id=customer.id,
            name=customer.name,
            orders=[
                OrderLine(
                    order_id=order.id,
                    status=order.status.value,
                    items=[
                        f"{item.quantity} × {item.name}" if item.quantity > 1 else item.name for item in order.items
                    ],
                    total=order.cents / 100,
                    refunded=order.refunded_cents / 100,
                    currency=order.currency,
                    returns=[made.id for made in order.returns],
                )
                for order in shop.database.of(customer.id)
            ],
        )
        for customer in shop.database.customers.values()
    ]


def _told(effect: Mapping[str, Any]) -> str:
    """An effect as a line: what was done to which order of whom."""
    what = str(effect["operation"]).replace("_", " ")
    figures = ", ".join(
        f"{effect[name]:.2f}" if name == "amount" else str(effect[name])
        for name in ("refund_id", "return_id", "amount")
        if name in effect
    )
    return f"{what} {effect['order_id']} ({effect['customer']})" + (f": {figures}" if figures else "")
