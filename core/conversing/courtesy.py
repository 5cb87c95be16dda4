"""What may wait lets pass what may not: on a busy process the sentences that nobody misses yet stand in line, one for each round.

A contact waits for the first sentence of an answer.  The next ones come while they read it, and with many answers at once
checking those is most of the work there is.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Courtesy:
    """A line for work that may wait; whoever calls ``wait`` goes on at once when nobody else went in this round of the loop.

    In the order of arrival, one for each round: between two of them everything else that is ready runs.
    """

    def __init__(self) -> None:
        self._line: deque[asyncio.Future[None]] = deque()
        self._is_taken = False

    async def wait(self) -> None:
        """Wait until it is our turn."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._next)
            return
        ours = loop.create_future()
        self._line.append(ours)
        await ours

    def _next(self) -> None:
        while self._line:
            first = self._line.popleft()
            if not first.done():
                first.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._is_taken = False
