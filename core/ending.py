"""Ending tasks for good.

Python 3.11's ``asyncio.wait_for`` loses a cancellation that comes in the very instant in which what it waits for is done
(python/cpython#86296), and database drivers wait with it: a loop that was cancelled once may then go on for ever, and a drain
with it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

AGAIN_S: Final = 2.0
"""Who is cancelled may take a moment to tidy up, and is not disturbed in it."""


async def ended(*tasks: asyncio.Task[Any] | asyncio.Future[Any]) -> None:
    """Cancel tasks, again if need be, and wait until they are over; how they ended is not told."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
