"""An agent approves a call that waits for one: a short command in a note, run through the same firewall as everything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.conversing.abilities import Abilities
from core.conversing.remembering import kept_of
from core.domain import Head
from core.ports.store import TenantStore
from core.ports.tools import Confirmation
from core.tools.describing import describe
from core.tools.outcomes import PendingCall
from core.tools.session import Session
from gateway.turn_journal import TurnJournal, kept_state

COMMAND: Final = re.compile(r"\s*/(?P<verb>approve|deny)\s+(?P<nonce>\d{4})\s*", re.IGNORECASE)
DESK_LANGUAGE: Final = "en"
SHOWN_CHARS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """One tenant's; ``abilities`` are the engine's, as they are now."""

    store: TenantStore
    abilities: Callable[[], Abilities]

    async def answer(self, head: Head, *, agent: str, text: str, key: str = "") -> str | None:
        """What came of a command in a note, for the note itself; None when the text is no command.

        Saying it twice, or again after a crash, runs nothing twice: the call's key was fixed when it was asked for.
        """
        command = COMMAND.fullmatch(text)
        if command is None:
            return None
        turn_id = head.state_ref.rpartition(":")[0]
        kept = kept_of(await kept_state(self.store, head.state_ref), episode=head.episode)
        pending = kept.pending
        if pending is None or pending.by is not Confirmation.AGENT or pending.nonce != command["nonce"]:
            return "Nothing here waits for an approval with that number."
        if command["verb"].lower() == "deny":
            return f"Denied by {agent}; nothing was done."
        return await self._run(head, turn_id, pending, agent)

    async def _run(self, head: Head, turn_id: str, pending: PendingCall, agent: str) -> str:
        abilities = self.abilities()
        if abilities.firewall is None:
            return "No tools are configured any more; nothing was done."
        session = Session(
            tenant=head.tenant,
            conv=head.conv,
            turn_id=turn_id,
            account=head.account,
            contact=head.contact,
            scopes=abilities.scopes,
            untrusted=True,
            has_buttons=False,
            language=DESK_LANGUAGE,
        )
        journal = TurnJournal(self.store, turn_id)
        outcome = await abilities.firewall.confirm(pending, session, journal, approved_by=agent)
        return f"Approved by {agent}: {outcome.state}. {describe(outcome, DESK_LANGUAGE).model[:SHOWN_CHARS]}"
