"""Functions of installed packages: a real distribution is put on the path, found by its entry points and called."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import ToolFailed
from core.ports.channel import Level
from core.ports.tools import SideEffect
from core.providers.tools import build_tools
from core.providers.tools.declared import PythonTool

MODULE = """
import threading
from core.errors import ToolFailed

release = threading.Event()
seen = []

def hours(arguments, *, key):
    seen.append((dict(arguments), key))
    return {"open": "9-17\\u202e", "day": arguments["day"]}

async def hours_async(arguments, *, key):
    return "9-17"

def nothing(arguments, *, key): return None
def odd(arguments, *, key): return object()
def fails(arguments, *, key): raise ValueError("canary-secret")
def refuses(arguments, *, key): raise ToolFailed("canary-secret", is_certain=True)
def hangs(arguments, *, key): release.wait(20)
value = 3
"""
NAMES = ("hours", "hours_async", "nothing", "odd", "fails", "refuses", "hangs", "value")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "frontdesk_probe.py").write_text(MODULE)
    info = folder / "frontdesk_probe-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: frontdesk-probe\nVersion: 1.0\n")
    points = "".join(f"{name} = frontdesk_probe:{name}\n" for name in NAMES) + "gone = no_such_module:x\n"
    (info / "entry_points.txt").write_text(f"[frontdesk.tools]\n{points}")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        import frontdesk_probe  # type: ignore[import-not-found]  # written above

        yield frontdesk_probe
        frontdesk_probe.release.set()


def tool(name: str, **changes: Any) -> PythonTool:
    return PythonTool(name=name, description=name, parameters={"type": "object"}, **changes)


async def call(name: str, timeout_s: float = 5.0, **arguments: Any) -> str:
    box = build_tools([tool(name)])
    try:
        return (await box[name].runner.call(arguments, key="key-1", timeout_s=timeout_s)).text
    finally:
        await box.close()


async def failure(name: str, timeout_s: float = 5.0) -> ToolFailed:
    with pytest.raises(ToolFailed) as caught:
        await call(name, timeout_s)
    assert "canary" not in caught.value.safe_message
    return caught.value


async def test_functions_are_called_with_their_key(installed: Any) -> None:
    assert await call("hours", day="Monday") == '{"open": "9-17", "day": "Monday"}'
    assert installed.seen[-1] == ({"day": "Monday"}, "key-1")
    assert await call("hours_async") == "9-17"
    assert await call("nothing") == "(done; the answer was empty)"


@pytest.mark.parametrize(
    ("name", "is_certain", "words"),
    [("fails", False, "ValueError"), ("refuses", True, "could not do it"), ("odd", False, "neither a text nor JSON"),
     ("value", True, "not a function"),
     ("gone", True, "cannot be loaded (ModuleNotFoundError)"),
     ("none", True, "no installed package")],
)  # fmt: skip
async def test_what_goes_wrong(installed: Any, name: str, is_certain: bool, words: str) -> None:
    error = await failure(name)
    assert error.is_certain is is_certain
    assert words in error.safe_message


async def test_a_function_that_hangs_stops_only_itself(installed: Any) -> None:
    box = build_tools([tool("hangs"), tool("hours")])
    errors = []
    for _ in range(5):
        with pytest.raises(ToolFailed) as caught:
            await box["hangs"].runner.call({}, key="k", timeout_s=0.05)
        errors.append((caught.value.is_certain, caught.value.safe_message))
    assert errors == [(False, "no answer within 0.05 s")] * 4 + [(True, "all its threads are busy")]
    assert (await box["hours"].runner.call({"day": 1}, key="k", timeout_s=5)).text
    installed.release.set()
    await box.close()
    for thread in [t for t in threading.enumerate() if t.name.startswith("tool-hangs")]:
        thread.join(5)
        assert not thread.is_alive()


async def test_the_doctor_loads_and_does_not_call(installed: Any) -> None:
    before = len(installed.seen)
    box = build_tools([tool("hours"), tool("gone"), tool("other", entry_point="hours_async")])
    found = {finding.check: finding.level for finding in await box.examine()}
    assert found == {"tool hours": Level.OK, "tool gone": Level.FAILURE, "tool other": Level.OK}
    assert len(installed.seen) == before
    await box.close()


def test_a_function_is_a_write_unless_its_operator_says_otherwise() -> None:
    box = build_tools([tool("a"), tool("b", side_effect=SideEffect.READ)])
    assert (box["a"].spec.side_effect, box["b"].spec.side_effect) == (SideEffect.WRITE, SideEffect.READ)
