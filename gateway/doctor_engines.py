"""The part of ``frontdesk doctor`` that looks at the engines: do store, index and live layer answer, and how fast?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from core.errors import FrontdeskError
from core.ports.channel import Finding, Level

ENGINES: Final = "engines"
LIMIT_S: Final = 20.0
"""Longer than each engine's own deadlines, so that it says itself what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine: the setting that names it, what it is, and a call that proves that it does its work now."""

    setting: str
    name: str
    prove: Callable[[], Awaitable[None]]


class EnginesExamination:
    """Every engine that the YAML names, at once."""

    def __init__(self, engines: Sequence[Engine], *, limit_s: float = LIMIT_S) -> None:
        self._engines = tuple(engines)
        self._limit_s = limit_s

    async def examine(self) -> tuple[Finding, ...]:
        """One finding for each, in the order given."""
        return tuple(await asyncio.gather(*(self._finding(engine) for engine in self._engines)))

    async def _finding(self, engine: Engine) -> Finding:
        before = monotonic()
        try:
            async with asyncio.timeout(self._limit_s):
                await engine.prove()
        except TimeoutError:
            what = f"{engine.name} gave no answer within {self._limit_s:g} s."
        except FrontdeskError as error:
            what = error.safe_message
        else:
            took_ms = (monotonic() - before) * 1_000
            return Finding(check=engine.setting, level=Level.OK, what=f"{engine.name} answers ({took_ms:.0f} ms).")
        mend = (
            f"Look at `{engine.setting}` in the YAML, and whether {engine.name} runs and lets us in (docs/engines.md)."
        )
        return Finding(check=engine.setting, level=Level.FAILURE, what=what, mend=mend)
