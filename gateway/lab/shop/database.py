"""The shop's orders: who bought what and when, and what may be done with it.  Amounts are kept in cents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

RETURN_WINDOW: Final = timedelta(days=30)


class Status(StrEnum):
    """How far an order is, in the words of the help pages."""

    RECEIVED = "Received"
    IN_PREPARATION = "In preparation"
    PACKED = "Packed"
    HANDED_TO_CARRIER = "Handed to carrier"
    DELIVERED = "Delivered"
    CANCELLED = "Cancelled"


class Refused(Exception):
    """The shop does not do it: an HTTP status, a word for programs and one for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of an order."""

    sku: str
    name: str
    quantity: int
    cents: int
    can_return: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an order goes."""

    street: str
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money that was given back."""

    id: str
    cents: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Goods that come back."""

    id: str
    items: tuple[str, ...]
    reason: str


@dataclass(slots=True, kw_only=True)
class Order:
    """One order of one customer."""

    id: str
    customer: str
    status: Status
    ordered_at: datetime
    delivered_at: datetime | None
    currency: str
    items: tuple[Item, ...]
    delivery_cents: int
    address: Address
    tracking: str | None = None
    customer_note: str = ""
    refunds: list[Refund] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)

    @property
    def cents(self) -> int:
        """What was paid."""
        return sum(item.cents * item.quantity for item in self.items) + self.delivery_cents

    @property
    def refunded_cents(self) -> int:
        """What was given back."""
        return sum(refund.cents for refund in self.refunds)

    def view(self) -> dict[str, Any]:
        """The order as the API shows it."""
        return {
            "order_id": self.id,
            "status": self.status.value,
            "ordered_on": self.ordered_at.date().isoformat(),
            "delivered_on": self.delivered_at.date().isoformat() if self.delivered_at else None,
            "currency": self.currency,
            "items": [
                {"sku": item.sku, "name": item.name, "quantity": item.quantity, "price": amount(item.cents)}
                for item in self.items
            ],
            "delivery_costs": amount(self.delivery_cents),
            "total": amount(self.cents),
            "refunded": amount(self.refunded_cents),
            "address": address_view(self.address),
            "tracking": self.tracking,
            "customer_note": self.customer_note,
        }

    def short_view(self) -> dict[str, Any]:
        """The order in a list."""
        return {
            "order_id": self.id,
            "status": self.status.value,
            "ordered_on": self.ordered_at.date().isoformat(),
            "total": amount(self.cents),
            "currency": self.currency,
            "items": [item.name for item in self.items],
        }


def address_view(address: Address) -> dict[str, str]:
    """An address as the API shows it."""
    return {
        "street": address.street,
        "city": address.city,
        "postal_code": address.postal_code,
        "country": address.country,
    }


def amount(cents: int) -> float:
    """Cents as the API writes money."""
    return round(cents / 100, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who has an account at the shop."""

    id: str
    name: str
    email: str


class Database:
    """Customers and their orders, and everything that was done to them, in order."""

    def __init__(self, customers: Sequence[Customer], orders: Sequence[Order], *, now: Callable[[], datetime]) -> None:
        self.customers: Mapping[str, Customer] = {customer.id: customer for customer in customers}
        self.orders: dict[str, Order] = {order.id: order for order in orders}
        self.effects: list[dict[str, Any]] = []
        """What changed, oldest first: operation, customer, order and its figures."""
        self._now = now

    def of(self, customer: str) -> Iterator[Order]:
        """A customer's orders, newest first."""
        if customer not in self.customers:
            raise Refused(404, "customer_unknown", "There is no such customer account.")
        own = (order for order in self.orders.values() if order.customer == customer)
        yield from sorted(own, key=lambda order: order.ordered_at, reverse=True)

    def one(self, customer: str, order_id: str) -> Order:
        """An order; another customer's is as unknown as one that never was."""
        order = self.orders.get(order_id.strip().upper())
        if order is None or order.customer != customer:
            raise Refused(404, "order_unknown", f"The account has no order {order_id[:40]}.")
        return order

    def start_return(self, customer: str, order_id: str, items: Sequence[str], reason: str) -> Return:
        """Start a return of items by their numbers (SKU) or names."""
        order = self.one(customer, order_id)
        if order.delivered_at is None:
            raise Refused(409, "not_delivered", f"Order {order.id} has not been delivered yet.")
        if self._now() - order.delivered_at > RETURN_WINDOW:
            raise Refused(409, "window_over", f"Order {order.id} was delivered more than 30 days ago.")
        wanted = [self._item(order, name) for name in items]
        if not wanted:
            raise Refused(422, "items_missing", "Say which items come back.")
        back = {sku for made in order.returns for sku in made.items}
        for item in wanted:
            if not item.can_return:
                raise Refused(409, "no_return", f"{item.name} cannot be returned.")
            if item.sku in back:
                raise Refused(409, "already_returned", f"{item.name} is on its way back already.")
        number = 1 + sum(len(each.returns) for each in self.orders.values())
        made = Return(id=f"RT-{5000 + number}", items=tuple(item.sku for item in wanted), reason=reason[:500])
        order.returns.append(made)
        self._did("start_return", customer, order, return_id=made.id, items=list(made.items))
        return made

    def refund(self, customer: str, order_id: str, cents: int, reason: str) -> Refund:
        """Give money back; never more than was paid."""
        order = self.one(customer, order_id)
        if order.status is Status.RECEIVED:
            raise Refused(409, "not_paid", f"Order {order.id} is not paid yet.")
        if cents <= 0:
            raise Refused(422, "amount_invalid", "The amount must be more than zero.")
        if cents > order.cents - order.refunded_cents:
            left = amount(order.cents - order.refunded_cents)
            raise Refused(422, "amount_too_high", f"At most {left:.2f} {order.currency} of order {order.id} is left.")
        number = 1 + sum(len(each.refunds) for each in self.orders.values())
        made = Refund(id=f"RF-{7000 + number}", cents=cents, reason=reason[:500])
        order.refunds.append(made)
        self._did("initiate_refund", customer, order, refund_id=made.id, amount=amount(cents))
        return made

    def move(self, customer: str, order_id: str, address: Address) -> Order:
        """Send an order elsewhere, in the same country, while it is not packed."""
        order = self.one(customer, order_id)
        if order.status not in (Status.RECEIVED, Status.IN_PREPARATION):
            raise Refused(
                409, "too_late", f"Order {order.id} is {order.status.value.lower()}: it cannot be redirected."
            )
        if address.country.upper() != order.address.country:
            raise Refused(422, "country_fixed", "The delivery country cannot be changed after the order was placed.")
        order.address = address
        self._did("update_address", customer, order, address=address_view(address))
        return order

    def _item(self, order: Order, name: str) -> Item:
        low = name.strip().lower()
        exact = [item for item in order.items if low in (item.sku.lower(), item.name.lower())]
        near = exact or [item for item in order.items if low and low in item.name.lower()]
        if len(near) != 1:
            known = ", ".join(item.name for item in order.items)
            raise Refused(422, "item_unknown", f"Order {order.id} has no single item {name[:60]!r}; it has {known}.")
        return near[0]

    def _did(self, operation: str, customer: str, order: Order, **figures: Any) -> None:
        self.effects.append({"operation": operation, "customer": customer, "order_id": order.id, **figures})
