"""MCP servers, as real processes: over standard input and output, and over streamable HTTP."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.errors import ToolFailed
from core.ports.channel import Level
from core.ports.tools import Confirmation, IdentityFact, SideEffect, ToolLimits
from core.providers.tools import Toolbox, build_tools
from core.providers.tools.declared import Auth, McpServer, McpTool
from core.providers.tools.mcp.server import Server

SERVER = ("-m", "tests.core.providers.tools.mcp_server")
SECRET = "canary-mcp-secret"
READ = McpTool(side_effect=SideEffect.READ)
TOOLS = {
    **dict.fromkeys(("find_order", "slow", "big", "fail", "die", "picture", "environment", "key", "turn"), READ),
    "list_items": McpTool(tool="list-items", side_effect=SideEffect.READ),
    "refund": McpTool(
        side_effect=SideEffect.MONEY,
        bound={"customer": IdentityFact.CUSTOMER_ACCOUNT},
        limits=ToolLimits(amount="amount", per_call=50),
    ),
}


def stdio(state: Path | None = None, tools: dict[str, McpTool] | None = None, **changes: Any) -> McpServer:
    env = {"SHOP_KEY": SECRET, **({"STATE": str(state)} if state else {})}
    chosen = TOOLS if tools is None else tools
    values: dict[str, Any] = {
        "command": sys.executable,
        "args": (*SERVER, "stdio"),
        "env": env,
        "connect_timeout_s": 30.0,
    }
    return McpServer(**{"server": "shop", "tools": chosen, **values, **changes})


@pytest.fixture
async def boxes() -> AsyncIterator[list[Toolbox]]:
    made: list[Toolbox] = []
    yield made
    for box in made:
        await box.close()
        await box.close()


async def call(box: Toolbox, name: str, timeout_s: float = 20.0, **arguments: Any) -> str:
    return (await box[name].runner.call(arguments, key="key-1", timeout_s=timeout_s)).text


async def failure(box: Toolbox, name: str, timeout_s: float = 20.0, **arguments: Any) -> ToolFailed:
    with pytest.raises(ToolFailed) as caught:
        await call(box, name, timeout_s, **arguments)
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value


async def test_a_server_over_standard_input_and_output(boxes: list[Toolbox]) -> None:
    box = build_tools([stdio()])
    boxes.append(box)
    assert len(box) == 0
    assert await box.prepare()
    assert not box.problems
    assert set(box) == set(TOOLS)

    assert await call(box, "find_order", order_id="7") == "order 7: shipped"
    assert await call(box, "list_items", order_id="7") == '{"order": "7", "items": [{"name": "lamp", "price": 12.5}]}'
    assert "frontdesk/idempotency-key': 'key-1'" in await call(box, "key")
    assert await call(box, "picture") == "(something that is not text)"

    seen = (await call(box, "environment")).split()
    assert "SHOP_KEY" in seen
    assert not {name for name in seen if name.startswith(("FRONTDESK", "PYTEST"))}

    big = await box["big"].runner.call({}, key="k", timeout_s=20)
    assert (len(big.text), big.is_cut) == (4_000, True)

    failed = await failure(box, "fail")
    assert (failed.is_certain, failed.safe_message) == (False, "the server says that it failed")
    late = await failure(box, "slow", 0.3, seconds=30)
    assert (late.is_certain, late.safe_message.startswith("no answer within")) == (False, True)

    died = await failure(box, "die")
    assert not died.is_certain
    assert await call(box, "find_order", order_id="8") == "order 8: shipped"


async def test_specs_calls_at_the_same_time_and_the_end(boxes: list[Toolbox]) -> None:
    described = {**TOOLS, "find_order": McpTool(description="Finds.", timeout_s=3)}
    box = build_tools([stdio(tools=described)])
    boxes.append(box)
    await box.prepare()
    refund = box["refund"].spec
    assert set(refund.parameters["properties"]) == {"order_id", "amount"}
    assert refund.parameters["required"] == ["order_id", "amount"]
    assert refund.parameters["additionalProperties"] is False
    assert (refund.side_effect, refund.confirmation) == (SideEffect.MONEY, Confirmation.CUSTOMER)
    assert refund.description == "Pays money back."
    found = box["find_order"].spec
    assert (found.description, found.side_effect, found.timeout_s) == ("Finds.", SideEffect.WRITE, 3)

    said = await asyncio.gather(*(call(box, "find_order", order_id=str(n)) for n in range(20)))
    assert list(said) == [f"order {n}: shipped" for n in range(20)]

    before = children()
    assert before
    await box.close()
    assert not children() & before
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("mcp-")]


async def test_a_server_that_turns_bad_is_refused_until_reload() -> None:
    """Without a pin the first look counts; the tool is never described otherwise to a model, and not called any more."""
    server = Server(stdio(), recheck_s=0)
    await server.prepare()
    runner = server.tools["find_order"].runner
    assert (await runner.call({"order_id": "7"}, key="k", timeout_s=20)).text == "order 7: shipped"
    await server.tools["turn"].runner.call({}, key="k", timeout_s=20)
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(ToolFailed, match="changed what it says") as caught:
                await runner.call({"order_id": "7"}, key="k", timeout_s=20)
            assert caught.value.is_certain
    assert [(entry["event"], entry["tool"]) for entry in logs] == [("tool_changed", "find_order")]
    assert server.tools["find_order"].spec.description == "Looks an order up."
    await server.close()


async def test_a_restart_cannot_change_a_tool_either(tmp_path: Path, boxes: list[Toolbox]) -> None:
    state = tmp_path / "state"
    box = build_tools([stdio(state)])
    boxes.append(box)
    await box.prepare()
    state.write_text("changed")
    await failure(box, "die")
    refused = await failure(box, "find_order", order_id="7")
    assert refused.is_certain
    assert await call(box, "list_items", order_id="7")
    await box.prepare()
    assert "find_order" not in box
    assert "otherwise than pinned" in box.problems["find_order"]
    checks = {finding.check: finding.level for finding in await box.examine()}
    assert (checks["tool find_order"], checks["tool list_items"]) == (Level.FAILURE, Level.OK)


async def test_a_pin_outlives_the_process(tmp_path: Path, boxes: list[Toolbox]) -> None:
    state = tmp_path / "state"
    first = build_tools([stdio(state)])
    boxes.append(first)
    told = {finding.check: finding.what for finding in await first.examine()}
    pin = told["tool find_order"].partition("the fingerprint ")[2][:32]
    assert f"{pin}. Write it as `pin`" in told["tool find_order"]
    state.write_text("changed")
    second = build_tools([stdio(state, {"find_order": McpTool(pin=pin), "big": McpTool()})])
    boxes.append(second)
    assert await second.prepare()
    assert set(second) == {"big"}
    assert "otherwise than pinned" in second.problems["find_order"]


async def test_what_cannot_be_offered_is_told(boxes: list[Toolbox]) -> None:
    odd = {
        "none": McpTool(),
        "refund": McpTool(side_effect=SideEffect.MONEY),
        "find_order": McpTool(bound={"customer": IdentityFact.EMAIL}),
        "slow": McpTool(limits=ToolLimits(amount="minutes", per_call=1)),
    }
    box = build_tools([stdio(tools=odd)])
    boxes.append(box)
    assert not await box.prepare()
    assert box.problems == {
        "none": "the server shop has no tool `none`",
        "refund": "it moves money and needs `limits` with `amount` and `per_call`",
        "find_order": "`bound` names what is no parameter of it: customer",
        "slow": "`limits.amount` names `minutes`, which is no numeric parameter of it",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"command": "/no/such/program"},
        {"command": sys.executable, "args": ("-c", "print('hello')")},
        {
            "command": sys.executable,
            "args": ("-c", "import time; print('{', flush=True); time.sleep(30)"),
            "connect_timeout_s": 1.0,
        },
        {"command": None, "args": (), "env": {}, "url": "http://127.0.0.1:9/mcp"},
    ],
    ids=["no program", "ends at once", "says nothing", "no server"],
)
async def test_servers_that_are_not_there(boxes: list[Toolbox], changes: dict[str, Any]) -> None:
    box = build_tools([stdio(**changes)])
    boxes.append(box)
    assert not await box.prepare()
    assert set(box.problems) == set(TOOLS)
    assert {why.partition("(")[0].strip() for why in box.problems.values()} <= {
        "the server shop cannot be reached",
        "the server shop did not say hello within 1 s",
    }
    findings = await box.examine()
    assert {finding.level for finding in findings} == {Level.FAILURE}


def children() -> set[int]:
    import psutil

    return {
        child.pid for child in psutil.Process().children(recursive=True) if "mcp_server" in " ".join(child.cmdline())
    }


@pytest.fixture
def http_server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *SERVER, "http", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/mcp"
    waiting = threading.Event()
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1)
        except urllib.error.HTTPError:
            break
        except OSError:
            waiting.wait(0.1)
    yield url
    process.terminate()
    process.wait(10)


async def test_a_server_over_http(http_server: str, boxes: list[Toolbox]) -> None:
    declared = McpServer(server="shop", url=http_server, tools=TOOLS, auth=Auth(bearer=SECRET), headers={"X-A": "1"})
    box = build_tools([declared])
    boxes.append(box)
    assert await box.prepare()
    assert not box.problems
    assert await call(box, "find_order", order_id="7") == "order 7: shipped"
    assert "frontdesk/idempotency-key': 'key-1'" in await call(box, "key")
    late = await failure(box, "slow", 0.3, seconds=30)
    assert not late.is_certain
    assert not (await failure(box, "die")).is_certain
    gone = await failure(box, "find_order", 5, order_id="7")
    assert gone.is_certain or gone.safe_message
    assert SECRET not in repr(box) + repr(declared)
