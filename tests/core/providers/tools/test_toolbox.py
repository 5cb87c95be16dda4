"""All kinds together: building touches nothing, the doctor calls nothing, and real tool lists load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.parameters import mistakes
from core.ports.channel import Level
from core.ports.tools import Confirmation, SideEffect
from core.providers.tools import build_tools
from core.providers.tools.declared import HttpTool, McpServer, McpTool, OpenApiOperation, OpenApiTools, PythonTool
from tests.core.providers.tools.world import KEY, Server, order_tool


def test_building_reaches_nothing(tmp_path: Path) -> None:
    """No server is started, no address asked, and no vendor's library loaded."""
    script = """
import sys
from core.providers.tools import build_tools
from core.providers.tools.declared import *
P = {"type": "object"}
box = build_tools([
    HttpTool(name="a", description="", method="GET", url="http://127.0.0.1:9/", parameters=P),
    PythonTool(name="b", description="", parameters=P),
    McpServer(server="c", command="/no/such", tools={"c": McpTool()}),
    OpenApiTools(base_url="http://127.0.0.1:9", document_url="http://127.0.0.1:9/o.json", operations={"d": OpenApiOperation()}),
])
assert sorted(box) == ["a", "b"], list(box)
assert sorted(box.problems) == ["c", "d"]
print(sorted(name for name in ("httpx", "mcp", "httpx2", "jsonschema", "yaml", "certifi") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_side_effects_and_confirmations_nobody_declared_are_the_careful_ones() -> None:
    made = build_tools(
        [order_tool("http://x", name=method.lower(), method=method) for method in ("GET", "POST", "DELETE")]
        + [order_tool("http://x", name="money", side_effect=SideEffect.MONEY)]
    )
    assert {name: tool.spec.side_effect for name, tool in made.items()} == {
        "get": SideEffect.READ,
        "post": SideEffect.WRITE,
        "delete": SideEffect.WRITE,
        "money": SideEffect.MONEY,
    }
    assert made["money"].spec.confirmation is Confirmation.CUSTOMER
    assert made["post"].spec.confirmation is Confirmation.NONE


@pytest.mark.parametrize(
    ("status", "level"), [(200, Level.OK), (404, Level.OK), (401, Level.WARNING), (502, Level.WARNING)]
)
async def test_the_doctor_looks_at_each_server_once(server: Server, status: int, level: Level) -> None:
    server.says_raw(b"", status=status)
    box = build_tools([order_tool(server.url), order_tool(server.url, name="b", method="POST")])
    findings = await box.examine()
    assert [(f.check, f.level) for f in findings] == [(f"tools at {server.url[7:]}", level)]
    assert [(asked.method, asked.raw_path) for asked in server.asked] == [("HEAD", "/")]
    assert KEY not in repr(findings)
    await box.close()


async def test_the_doctor_says_which_identities_a_model_may_choose(server: Server) -> None:
    schema = {"type": "object", "properties": {"Customer-ID": {"type": "string"}, "order_id": {"type": "string"}}}
    box = build_tools([order_tool(server.url, parameters=schema)])
    warnings = [f for f in await box.examine() if f.level is Level.WARNING]
    assert [(f.check, "Customer-ID" in f.what) for f in warnings] == [("tool lookup_order", True)]
    await box.close()


async def test_the_doctor_says_what_is_not_there() -> None:
    box = build_tools(
        [
            order_tool("http://127.0.0.1:9"),
            PythonTool(name="p", description="", parameters={"type": "object"}),
            McpServer(server="m", command="/no/such", tools={"c": McpTool()}),
            OpenApiTools(
                base_url="http://127.0.0.1:9", document=Path("/no/such"), operations={"d": OpenApiOperation()}
            ),
        ]
    )
    findings = {finding.check: finding for finding in await box.examine()}
    assert {check: finding.level for check, finding in findings.items()} == dict.fromkeys(
        ("tools at 127.0.0.1:9", "tool p", "tool c", "tool d"), Level.FAILURE
    )
    assert all(finding.mend for finding in findings.values())
    assert "No such file" in findings["tool d"].what
    await box.close()


def test_the_retail_tools_load() -> None:
    shared = os.environ.get("FRONTDESK_SHARED", "")
    file = Path(shared) / "data" / "tau2_retail" / "tools.json"
    if not shared or not file.is_file():
        pytest.skip("needs FRONTDESK_SHARED with data/tau2_retail")
    listed = json.loads(file.read_text())
    assert len(listed) > 10
    assert {entry["name"]: mistakes(entry["parameters"]) for entry in listed} == {entry["name"]: [] for entry in listed}
    box = build_tools(
        [
            HttpTool(
                name=e["name"],
                description=e["description"],
                method="POST",
                url="http://127.0.0.1:9/",
                parameters=e["parameters"],
            )
            for e in listed
        ]
    )
    assert {name: dict(tool.spec.offer.parameters) for name, tool in box.items()} == {
        e["name"]: e["parameters"] for e in listed
    }
