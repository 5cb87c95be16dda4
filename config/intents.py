"""The intents block of a tenant: what messages may want, by examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from config.parts import EnginePart, Share
from config.problems import Loc
from core.intents.grams import tokens

FEW: Final = 5
"""With fewer examples an intent is hardly told from others."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Example = Annotated[str, StringConstraints(min_length=2, max_length=500, strip_whitespace=True)]


class Intent(EnginePart):
    """Something that messages want."""

    examples: Annotated[tuple[Example, ...], Field(min_length=1, max_length=2_000)]
    """What customers write who want it: five to twenty lines, as different as they come."""
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    """What it is, for people."""
    threshold: Share | None = None
    """How sure the guess must be before this is named, 0 to 1; left out: 0.4."""


class Intents(EnginePart):
    """What messages may want: yours, and the shipped ones that support teams know."""

    builtin: bool = True
    """Whether the shipped intents are known besides; one of yours replaces the shipped one of its name."""
    ask_model: bool = False
    """Whether the small model is asked where the trained guess is weak; it costs a call before the answer."""
    own: Annotated[dict[Name, Intent], Field(max_length=500)] = Field(default_factory=dict)
    """Your intents by name."""


def intent_lookouts(block: Any) -> Iterator[tuple[Loc, str, str]]:
    """What of an ``intents`` block is allowed but probably not meant, on its plain values: place in it, what, mend."""
    own = block.get("own") if isinstance(block, dict) else None
    seen: dict[str, str] = {}
    for name, intent in own.items() if isinstance(own, dict) else ():
        examples = intent.get("examples") if isinstance(intent, dict) else None
        if not isinstance(examples, list):
            continue
        if len(examples) < FEW:
            count = "one example" if len(examples) == 1 else f"{len(examples)} examples"
            yield ("own", str(name), "examples"), f"the intent `{name}` has only {count}", "give it five to twenty"
        for number, example in enumerate(examples):
            said = " ".join(tokens(str(example)))
            at: Loc = ("own", str(name), "examples", number)
            if not said:
                yield at, f"“{example}” has no words to learn from", "write it as customers do"
            elif seen.setdefault(said, str(name)) != name:
                yield at, f"“{example}” is an example of `{seen[said]}` too", "keep it where it belongs"
