"""The part of ``frontdesk doctor`` that looks at desks, models and tools: each examines itself, here it is bounded and cleaned.

Models are asked a few words each, which costs a few hundred tokens; of tools none is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from core.errors import FrontdeskError
from core.ports.channel import Finding, Level
from gateway.doctor import Examined, struck

DESK: Final = "desk"
MODELS: Final = "models"
TOOLS: Final = "tools"
LIMIT_S: Final = 120.0
"""A model on one's own machine may have to be loaded, and every choice is asked after the other."""


class Examines(Protocol):
    """A desk, models or tools that can look at themselves."""

    async def examine(self) -> tuple[Finding, ...]:
        """What is well and what is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What is to be examined: ``kind`` is desk, models or tools, ``tenant`` "" for the installation's."""

    kind: str
    tenant: str
    examines: Examines
    secrets: tuple[str, ...] = field(repr=False)


async def examine_abilities(abilities: Sequence[Ability], *, limit_s: float = LIMIT_S) -> tuple[Examined, ...]:
    """All of them at once, in the order given."""
    return tuple(await asyncio.gather(*(_examined(ability, limit_s) for ability in abilities)))


async def _examined(ability: Ability, limit_s: float) -> Examined:
    findings = await _findings(ability.examines, limit_s)
    if not findings:
        findings = (Finding(check=ability.kind, level=Level.OK, what="Nothing to examine."),)
    item = Examined(account="", channel=ability.kind, tenant=ability.tenant, findings=findings)
    return struck(item, ability.secrets)


async def _findings(examines: Examines, limit_s: float) -> tuple[Finding, ...]:
    try:
        async with asyncio.timeout(limit_s):
            return await examines.examine()
    except TimeoutError:
        what = f"It did not end within {limit_s:g} s."
    except FrontdeskError as error:
        what = error.safe_message
    except Exception as error:  # one examination's bug must not hide the others' findings
        what = f"The examination itself failed ({type(error).__name__})."
    return (Finding(check="examination", level=Level.FAILURE, what=what, mend="Try again; then report it."),)
