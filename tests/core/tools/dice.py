"""The small choices of a random action: who, what, how much, and what goes wrong."""

from __future__ import annotations

import random
from typing import Any

from core.domain import Contact
from tests.core.tools.world import ANNA, BERT, SMS, STRANGER, WHATSAPP

CONTACTS = {"anna": ANNA, "bert": BERT, "stranger": STRANGER, "whatsapp": WHATSAPP, "sms": SMS}
AMOUNTS = (5, 10, 20, 25, 50.0, 60, 90, 100, 101, 110)
BAD_AMOUNTS = (-5, 0, 0.01, 100.000001, True, "50", None, 1e308, [5], {"amount": 5})
ORDER_WORDS = ("mine", "mine", "mine", "mine", "mine", "mine", "other", "2001", "../2001", 1001)
PEOPLE = (
    "anna",
    "anna",
    "anna",
    "anna",
    "anna",
    "bert",
    "bert",
    "bert",
    "stranger",
    "whatsapp",
    "whatsapp",
    "whatsapp",
    "sms",
)
ANSWERS = ("yes", "right", "right", "right", "wrong", "button", "no")
FAULTS = ("", "", "", "", "refused", "lost", "lost_after", "broken")
LIES = {"customer_account": "c_2", "Customer-ID": "c_2", "phone": "+15550100", "tenant": "other"}


class Dice(random.Random):
    """The small choices of one action."""

    def amount(self) -> Any:
        return self.choice(BAD_AMOUNTS if self.random() < 0.15 else AMOUNTS)

    def refund(self) -> tuple[str, dict[str, Any]]:
        return ("initiate_refund", {"order_id": self.choice(ORDER_WORDS), "amount": self.amount()})

    def wish(self) -> tuple[str, dict[str, Any]]:
        street: dict[str, Any] = {"street": "Elm 4"} | ({"customer_id": "c_2"} if self.random() < 0.3 else {})
        name, arguments = self.choice(
            (
                self.refund(),
                ("give_credit", {"amount": self.amount()}),
                ("give_credit", {"amount": self.choice((5, 10, 20))}),
                ("update_address", {"order_id": self.choice(ORDER_WORDS), "address": street}),
                ("update_address", {"order_id": "mine", "address": street}),
                ("lookup_order", {"order_id": self.choice(ORDER_WORDS)}),
                ("close_account", {}),
                ("request_callback", {}),
                ("request_callback", {"topic": "roses"}),
                ("search_catalogue", {}),
                ("audit", {}),
                ("drop_tables", {"amount": 5}),
            )
        )
        lies = {lie: value for lie, value in LIES.items() if self.random() < 0.05}
        account = {"customer_account": "c_2"} if self.random() < 0.3 else {}
        return name, arguments | lies | account | ({"extra": 1} if self.random() < 0.03 else {})

    def faults(self) -> list[str]:
        return [self.choice(FAULTS) for _ in range(3)]

    def deaths(self, number: int = 0) -> dict[int, int]:
        return {number: self.randint(1, 40)} if self.random() < 0.4 else {}

    def person(self) -> tuple[Contact, bool]:
        return CONTACTS[self.choice(PEOPLE)], self.random() < 0.2
