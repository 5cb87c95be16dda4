"""What a replay came to, for people (differences word by word) and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from core.trace import Trace
from gateway.cli.page import INDENT, line, plain
from gateway.cli.redacting import Bound
from gateway.cli.replay_run import Rerun

QUESTION_CHARS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page; ``is_anew`` tells that models were asked."""

    console: Console
    is_anew: bool

    def show(self, reruns: Sequence[Rerun], bound: Bound) -> None:
        """Print every turn and a last line."""
        for number, rerun in enumerate(reruns, start=1):
            self._turn(number, rerun, bound)
        same = sum(rerun.is_same for rerun in reruns if rerun.again is not None)
        run = sum(rerun.again is not None for rerun in reruns)
        tail = f", {len(reruns) - run} without a record" if run < len(reruns) else ""
        self.console.print(f"{run} turns run again: {same} the same, {run - same} different{tail}", highlight=False)
        if any(rerun.unanswered for rerun in reruns):
            self.console.print("A model did not answer: `frontdesk doctor` says why.", highlight=False)

    def _turn(self, number: int, rerun: Rerun, bound: Bound) -> None:
        if rerun.then is None or rerun.again is None:
            self.console.print(Text(f"{number}. {rerun.turn_id}: no record", style="dim"))
            return
        found = rerun.differences(bound)
        mark = Text("differs", style="bold yellow") if found else Text("same", style="green")
        self.console.print(Text(f"{number}. ", style="bold"), mark, plain(_asked(rerun.then), QUESTION_CHARS))
        for name, (then, now) in found.items():
            self._difference(name, then, now)
        for why in rerun.unanswered if self.is_anew else ():
            line(self.console, f"no answer from {why}", style="red")
        if self.is_anew:
            line(self.console, f"used {_used(rerun.then)}, now {_used(rerun.again.trace)}", style="dim")
        elif found and rerun.again.settings_changed:
            line(self.console, "the engine settings are not those of the recorded turn", style="dim")

    def _difference(self, name: str, then: Any, now: Any) -> None:
        if isinstance(then, str) and isinstance(now, str) and name in ("text", "detail"):
            shown = Text(f"{name}: ", style="bold")
            shown.append_text(by_words(then, now))
            self.console.print(Padding(shown, INDENT))
        elif isinstance(then, list) and isinstance(now, list):
            line(self.console, f"{name}:", style="bold")
            for mark, item in _moved(then, now):
                line(self.console, f"  {mark} {item}", style="red" if mark == "-" else "green")
        else:
            line(self.console, f"{name}: {_word(then)} → {_word(now)}")


def by_words(then: str, now: str) -> Text:
    """A text with what went [-struck-] and what came {+marked+}, readable without colours too."""
    before, after = then.split(), now.split()
    shown = Text()
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, new = " ".join(before[a:b]), " ".join(after[c:d])
        if kind == "equal":
            shown.append_text(plain(gone + " ", 10_000))
            continue
        if gone:
            shown.append_text(plain(f"[-{gone}-] ", 10_000, "red"))
        if new:
            shown.append_text(plain(f"{{+{new}+}} ", 10_000, "green"))
    return shown


def _moved(then: Sequence[Any], now: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for kind, a, b, c, d in SequenceMatcher(None, list(map(str, then)), list(map(str, now))).get_opcodes():
        if kind != "equal":
            yield from (("-", item) for item in then[a:b])
            yield from (("+", item) for item in now[c:d])


def _word(value: Any) -> str:
    return "nothing" if value is None or value == "" else str(value)


def _asked(trace: Trace) -> str:
    return " / ".join(asked.text for asked in trace.given.events) or "(no text)"


def _usage(trace: Trace) -> Mapping[str, Any]:
    usage: Mapping[str, Any] = trace.steps.get("models", {}).get("usage", {})
    return usage


def _used(trace: Trace) -> str:
    usage = _usage(trace)
    tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    return f"{tokens} tokens, {usage.get('cost', 0.0):.6f}, {trace.ms:.0f} ms"


def as_data(reruns: Sequence[Rerun], bound: Bound) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "same": all(rerun.is_same for rerun in reruns),
        "turns": [_data(rerun, bound) for rerun in reruns],
    }


def _data(rerun: Rerun, bound: Bound) -> dict[str, Any]:
    if rerun.then is None or rerun.again is None:
        return {"turn_id": rerun.turn_id, "recorded": False}
    found = rerun.differences(bound)
    return {
        "turn_id": rerun.turn_id,
        "recorded": True,
        "at": rerun.then.at.isoformat(),
        "asked": [asked.text for asked in rerun.then.given.events],
        "same": not found,
        "differences": {name: {"then": then, "now": now} for name, (then, now) in found.items()},
        "settings_changed": rerun.again.settings_changed,
        "usage": {"then": _usage(rerun.then), "now": _usage(rerun.again.trace)},
        "unanswered": list(rerun.unanswered),
    }
