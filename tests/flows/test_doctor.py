"""``frontdesk doctor`` beside a running server, on every channel's stand-in: what is examined, and that all of it can be."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.flows.company import PASSWORD, WEBHOOK_SECRET
from tests.flows.conftest import MakeCompany
from tests.flows.test_story_channels import ACCOUNTS, story

SECRETS = (PASSWORD, WEBHOOK_SECRET, "xoxb-lab-token", "lab-signing-secret", "lab-telegram-token", "lab-auth-token")


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_every_channel_can_be_examined(kind: str, make_company: MakeCompany) -> None:
    async with story(kind, make_company) as (served, _, _):
        done = await asyncio.to_thread(served.command, "doctor", "--json")
    assert "Traceback" not in done.stderr
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    told = json.loads(done.stdout)
    found: dict[str, Any] = {account["account"]: account["findings"] for account in told["accounts"]}
    assert {item["check"]: item["level"] for item in told["server"]} == {"serve": "ok", "base_url": "ok"}
    checks = {item["check"]: item for item in found["acme-line"] if item["check"] != "reachable"}
    assert "examination" not in checks, checks
    assert len(checks) >= 2
    reached = [item for item in found["acme-line"] if item["check"] == "reachable"]
    assert [item["level"] for item in reached] == ["ok"]
    assert all(item["mend"] for item in found["acme-line"] if item["level"] == "failure")
    assert done.returncode == (0 if told["well"] else 1)
