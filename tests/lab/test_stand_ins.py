"""Which accounts the lab plays: those whose settings point at it, and no other."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import yaml

from evals.serving import ROOT
from gateway.cli.lab import ORDER, plain
from gateway.lab.stand_ins import KINDS, StandIns
from gateway.plugged import CHANNELS

LAB = "http://127.0.0.1:8090"
HOOK = "http://127.0.0.1:8080/webhooks/demo"
RUN = 1_795_000_000


def demo_accounts() -> dict[str, dict[str, Any]]:
    """The demo's accounts as ``frontdesk lab`` sees them on the port 8090."""
    text = (ROOT / "config" / "examples" / "demo" / "frontdesk.yaml").read_text()
    blocks = yaml.safe_load(text.replace("${FRONTDESK_LAB_PORT:-8090}", "8090"))["tenants"][0]["accounts"]
    made = {}
    for block in blocks:
        own = {name: value for name, value in block.items() if name not in ("id", "channel")}
        made[block["channel"]] = plain(CHANNELS[block["channel"]].settings.model_validate(own))
    return made


ACCOUNTS = demo_accounts()


def test_every_channel_is_in_the_demo_and_has_a_stand_in() -> None:
    assert set(ACCOUNTS) == set(CHANNELS) == set(ORDER)
    assert set(KINDS) == set(CHANNELS) - {"web"}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_account_of_the_lab_is_played_under_its_prefix(kind: str) -> None:
    stand_ins = StandIns(LAB, run=RUN)
    played = stand_ins.play(kind, ACCOUNTS[kind], webhook_url=HOOK)
    assert played is not None
    assert list(stand_ins.mounted) == [f"/{kind}"]
    assert played.lab.hook.url == HOOK
    assert played.title
    assert played.lab.kind == kind
    await played.lab.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("origin", ["http://127.0.0.1:809", "http://127.0.0.1:80900", "http://127.0.0.2:8090"])
def test_an_account_of_another_place_is_left_alone(kind: str, origin: str) -> None:
    stand_ins = StandIns(origin, run=RUN)
    assert stand_ins.play(kind, ACCOUNTS[kind], webhook_url=HOOK) is None
    assert stand_ins.mounted == {}


def test_a_kind_without_a_vendor_is_not_played() -> None:
    assert StandIns(LAB, run=RUN).play("web", {**ACCOUNTS["web"], "api_url": f"{LAB}/web"}, webhook_url=HOOK) is None


async def test_a_bot_that_polls_has_no_webhook() -> None:
    played = StandIns(LAB, run=RUN).play("telegram", {**ACCOUNTS["telegram"], "mode": "polling"}, webhook_url=HOOK)
    assert played is not None
    assert played.lab.hook.url == ""
    await played.lab.close()


async def test_twilio_signs_the_address_that_the_account_names() -> None:
    named = "http://127.0.0.1:8080/hooks/sms"
    played = StandIns(LAB, run=RUN).play("sms", {**ACCOUNTS["sms"], "public_url": named}, webhook_url=HOOK)
    assert played is not None
    assert played.lab.hook.url == named
    await played.lab.close()


@pytest.mark.parametrize("kind", ["slack", "telegram", "whatsapp", "sms"])
async def test_another_run_has_another_contact(kind: str) -> None:
    places: set[str] = set()
    for run in (RUN, RUN + 1):
        played = StandIns(LAB, run=run).play(kind, ACCOUNTS[kind], webhook_url="http://127.0.0.1:9/nobody")
        assert played is not None
        with contextlib.suppress(OSError):
            await played.lab.say("Hello")
        places.update(message.room for message in played.lab.messages())
        await played.lab.close()
    assert len(places) == 2
