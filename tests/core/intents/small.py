"""Small sets of intents, and an embedder that is down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import EmbedderUnavailable
from core.ports.embedding import Vectors

SHOP = {
    "order_status": (
        "where is my order",
        "has my parcel been sent",
        "track my package please",
        "my delivery has not arrived",
        "what is the status of order 4711",
        "when was it handed to the courier",
    ),
    "refund": (
        "I want my money back",
        "when do I get my refund",
        "please refund me",
        "the refund is not on my card",
        "how long does a refund take",
        "you only refunded a part",
    ),
    "opening_hours": (
        "when are you open",
        "are you open on Sunday",
        "what time do you close today",
        "opening hours please",
        "until when can I call you",
        "is the shop open now",
    ),
}
"""Three things that customers of a shop want."""

UNSEEN = (
    ("could you track where my parcel is", "order_status"),
    ("I still wait for the package I ordered", "order_status"),
    ("give me the money back", "refund"),
    ("how many days until the refund arrives", "refund"),
    ("do you open on Saturdays", "opening_hours"),
    ("at what time does the shop close", "opening_hours"),
)
"""Messages in other words, with what they want."""

STRANGE = (
    "who painted the ceiling of that chapel",
    "translate good morning into Finnish",
    "set an alarm for seven",
    "my cat sleeps under the piano",
)
"""Messages that want none of them."""


class Down:
    """An embedder whose endpoint is out of reach after ``calls`` calls."""

    name = "down"
    dimension = 8
    batch = 512
    is_remote = True

    def __init__(self, calls: int) -> None:
        self._calls = calls

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Letters counted, while it is up."""
        if self._calls <= 0:
            raise EmbedderUnavailable("The endpoint does not answer")
        self._calls -= 1
        found = np.array([[1.0 + text.count(letter) for letter in "aeiounst"] for text in texts], np.float32)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)
