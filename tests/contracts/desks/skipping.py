"""An event loop whose time is skipped: whoever sleeps wakes at once, in the right order, at the right simulated time."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class SkippingSelector(selectors.DefaultSelector):
    """Never waits: what the loop would have slept is added to ``now_s``."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise AssertionError("everybody waits for something that nobody will do")
        self.now_s += max(0.0, timeout)
        return super().select(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """For worlds without sockets, threads and processes."""

    def __init__(self) -> None:
        self.skipping = SkippingSelector()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.now_s
