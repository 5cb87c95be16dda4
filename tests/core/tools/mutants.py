"""Deliberately broken firewalls: the real source with one edit, loaded as a package of its own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import core.tools
from tests.core.tools.world import House

Edit = tuple[str, str, str]
"""File, what stands there exactly once, what stands there instead."""

MUTANTS: dict[str, tuple[Edit, ...]] = {
    "no schema check": (("firewall", "        if flaws:", "        if not flaws and flaws:"),),
    "undeclared arguments pass": (("schema", "    if is_top or is_plain:", "    if is_plain and not is_plain:"),),
    "identity from the model": (
        ("firewall", "kept, dropped = drop(given, spec, shape.declared)", "kept, dropped = given, ()"),
        ("firewall", "arguments={**given, **bound}", "arguments={**bound, **given}"),
        ("firewall", ".flaws(given)", ".flaws({k: v for k, v in given.items() if k not in spec.bound})"),
    ),
    "nested identities pass": (("binding", "left[name] = kept(item, is_top=False)", "left[name] = item"),),
    "claimed accounts count": (
        ("binding", "return contact.customer_account if contact.verified else None", "return contact.customer_account"),
    ),
    "anybody is verified": (("session", "    if contact.verified:", "    if contact.customer_account:"),),
    "forged senders vouch": (("session", '"teams", "telegram"', '"teams", "sms", "telegram"'),),
    "no level check": (("checks", "    if not reaches(session.level,", "    if False and not reaches(session.level,"),),
    "no scope check": (("checks", "    if not missing:", "    if missing is not None:"),),
    "all scopes at every level": (("session", "top = level or self.level", "top = LEVELS[-1]"),),
    "no limit of a call": (("checks", "asked > Decimal(str(limits.per_call))", "asked > Decimal(10**9)"),),
    "limit of a call off by one": (("checks", "asked > Decimal(", "asked >= Decimal("),),
    "booleans are amounts": (("checks", " or isinstance(given, bool)", ""),),
    "negative amounts": (("checks", " or given <= 0", ""),),
    "no reservation": (
        ("firewall", "        if not is_counted(spec.limits):\n            return None\n", "        return None\n"),
    ),
    "limit of a day off by one": (("reservations", "used + amount <= ", "used + amount < "),),
    "limit of a day looks back only": (("reservations", "used + amount <= ", "used <= "),),
    "no limit of calls": (("reservations", "calls + 1 > limits.calls_per_day", "calls > limits.calls_per_day + 9"),),
    "limit counted in floats": (
        (
            "reservations",
            "used + amount <= Decimal(str(limits.per_day))",
            "sum(float(e.amount) for e in entries) + float(amount) <= limits.per_day",
        ),
    ),
    "a lost insert is a won one": (
        (
            "reservations",
            "            if await self._append(chain, len(entries), Entry(key=key, amount=held.amount)):\n"
            "                return held",
            "            await self._append(chain, len(entries), Entry(key=key, amount=held.amount))\n"
            "            return held",
        ),
    ),
    "limits per contact, not account": (("session", 'return f"account:{contact.customer_account}"', "pass"),),
    "a new key for every try": (
        ("running", "key=intent.key, timeout_s", "key=f'{intent.key}{object()!r}', timeout_s"),
    ),
    "intent after the call": (
        (
            "running",
            '        await journal.record(f"{name}.intent", intent.to_body())\n',
            '        await self._try(intent)\n        await journal.record(f"{name}.intent", intent.to_body())\n',
        ),
    ),
    "result not recorded": (("running", '        await journal.record(f"{name}.result", to_body(outcome))\n', ""),),
    "replay chooses anew": (
        (
            "firewall",
            "            return settled\n        judged = self._judge(wish, session)",
            "            pass\n        judged = self._judge(wish, session)",
        ),
        (
            "running",
            "outcome = await self.settled(journal, name)",
            "outcome = await self._issue(intent, journal, name)",
        ),
    ),
    "confirmation skipped": (("checks", "    return declared", "    return Confirmation.NONE"),),
    "untrusted text is trusted": (("checks", " and session.untrusted and ", " and False and "),),
    "yes without the number": (("confirming", "numbers == [pending.nonce] and not", "pending.nonce and not"),),
    "yes with any number": (
        ("confirming", "is_yes and not is_no and numbers == [pending.nonce]", "is_yes and not is_no and numbers"),
    ),
    "yes and no is yes": (("confirming", "is_yes and not is_no and numbers ==", "is_yes and numbers =="),),
    "questions never expire": (
        ("firewall", "self._clock() >= pending.expires_at", "self._clock() < pending.asked_at"),
    ),
    "identity not checked again": (
        ("firewall", "canonical(judged.arguments) != canonical(pending.arguments)", "not pending.arguments"),
        (
            "firewall",
            "judged = self._judge_call(spec, given, session)\n        if isinstance(judged, Judged)",
            "judged = self._judge_call(spec, given, session)\n        if not isinstance(judged, Denied):\n"
            "            judged = replace(judged, arguments=pending.arguments)\n        if isinstance(judged, Judged)",
        ),
    ),
    "nothing checked again": (
        (
            "firewall",
            "judged = self._judge_again(pending, session, approved_by)",
            "judged = Judged(spec=self._tools[pending.tool].spec, arguments=pending.arguments, amount=Decimal(0))",
        ),
    ),
    "agents not needed": (("firewall", " and not approved_by:", " and not approved_by and not pending:"),),
    "every yes runs": (
        (
            "firewall",
            "        if told is not None:\n            return await",
            "        if told is not None and False:\n            return await",
        ),
        ("firewall", "if holder != session.turn_id:", "if not holder:"),
        ("running", "await self.told(intent.key) if intent.is_confirmed else None", "None"),
    ),
    "two turns run one yes": (("firewall", "if holder != session.turn_id:", "if not holder:"),),
    "the same call runs again": (
        ("firewall", "if is_same and isinstance(ended, Done):", "if is_same and ended is judged:"),
    ),
    "50.0 is not 50": (("arguments", "int(value) if value.is_integer()", "value if value.is_integer()"),),
    "an unknown outcome is tried again": (
        ("firewall", "if is_open and spec.side_effect is not SideEffect.READ:", "if is_open and not is_open:"),
    ),
    "a confirmed outcome is forgotten": (
        ("firewall", '        await journal.record(CONFIRMED, {"name": name})\n', ""),
    ),
    "release without certainty": (
        ("running", "did_nothing and number == 1 and await self._tries", "number == 1 and await self._tries"),
    ),
    "release after a crash": (
        (
            "running",
            "did_nothing and number == 1 and await self._tries.close(intent.key, after=1)",
            "did_nothing and await self._tries.close(intent.key, after=number)",
        ),
        (
            "running",
            "await self._tries.is_closed(key, after=1)",
            "'closed' in str([await self._claims.claimed(f'tooltry|{key}|{n}') for n in range(9)])",
        ),
    ),
    "release beside another try": (
        ("running", "number == 1 and await self._tries.close(intent.key, after=1)", "number == 1"),
    ),
    "never released": (
        (
            "running",
            "            await self._reservations.give_back(intent.reservation)\n\n    async def _withdraw",
            "            pass\n\n    async def _withdraw",
        ),
    ),
    "another wish keeps its hold": (("running", "            await self._withdraw(intent)", "            pass"),),
    "six steps": (("firewall", "if not 1 <= step <= MAX_STEPS", "if step > MAX_STEPS + 1"),),
    "no time limit": (
        ("running", "asyncio.timeout(spec.timeout_s * GRACE)", "asyncio.timeout(3)"),
        ("running", 'detail, did_nothing = "no answer in time", False', 'detail, did_nothing = "", True'),
    ),
    "results unbounded": (("running", "text[: spec.result_chars]", "text"),),
    "two questions at once": (
        ("firewall", "isinstance(outcome, Waiting) and asks", "isinstance(outcome, Waiting) and not asks"),
    ),
}


@contextmanager
def broken(number: int, edits: tuple[Edit, ...], folder: Path) -> Iterator[House]:
    """The modules of a mutant."""
    package = f"broken_firewall_{number}"
    place = folder / package
    place.mkdir()
    for source in Path(core.tools.__path__[0]).glob("*.py"):
        text = source.read_text(encoding="utf-8")
        for file, before, after in edits:
            if file == source.stem:
                assert text.count(before) == 1, f"{file}: {text.count(before)} times {before!r}"
                text = text.replace(before, after)
        (place / source.name).write_text(text.replace("core.tools", package), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        yield House(*(importlib.import_module(f"{package}.{name}") for name in ("firewall", "confirming", "session")))
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
