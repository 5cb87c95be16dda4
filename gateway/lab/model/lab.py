"""The stand-in: a script, its switches, what it was asked, and the API to serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from aiohttp import web

from gateway.lab.model.answering import Reader
from gateway.lab.model.calls import Calls
from gateway.lab.model.door import Door
from gateway.lab.model.script import Script, load_script
from gateway.lab.model.troubles import Troubles
from gateway.lab.vendor import Watch

SCRIPTS: Final = Path(__file__).parent / "scripts"
DEMO: Final = SCRIPTS / "demo.yaml"
SHOWN_CALLS: Final = 50


class ModelLab:
    """A server of models that a script plays; ``keys`` are the script's, or those given."""

    kind = "model"

    def __init__(self, script: Script | Path | None = None, *, keys: tuple[str, ...] | None = None) -> None:
        self.script = script if isinstance(script, Script) else load_script(script or DEMO)
        self.keys = tuple(self.script.keys) if keys is None else keys
        self.reader = Reader(self.script)
        self.troubles = Troubles()
        self.calls = Calls()
        self.watch = Watch()
        self.is_puppet = False
        """Obeys everything, whatever the script says, until it is set back."""
        self.is_cunning = False
        """A puppet reads before it changes anything, and now and then only talks."""

    def app(self) -> web.Application:
        """The API, to be served at a root or mounted under a prefix; each call makes a new one."""
        return Door(self).app()

    def settings(self, address: str) -> dict[str, Any]:
        """The endpoint as a YAML block that talks to this stand-in at an address."""
        return {"base_url": f"{address}/v1", "key": self.keys[0] if self.keys else None}

    def calm(self) -> None:
        """No trouble, no puppet, and the rules counted from one."""
        self.troubles.clear()
        self.is_puppet = self.is_cunning = False
        self.reader.restart()
        self.watch.changed()

    def state(self) -> dict[str, Any]:
        """What happened and what waits, for the lab's page; no prompts."""
        return {
            "count": self.calls.count,
            "running": self.calls.running,
            "late_ms": self.calls.late_ms(),
            "is_puppet": self.is_puppet,
            "troubles": [
                {"trouble": armed.trouble, "times": armed.times, "model": armed.model}
                for armed in self.troubles.waiting
            ],
            "calls": [call.view() for call in tuple(self.calls)[-SHOWN_CALLS:]],
        }

    async def close(self) -> None:
        """Nothing is held; safe twice."""
