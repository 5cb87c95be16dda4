"""Plugs are found by their folder: all of them, once, quickly, and without loading what they need only to send."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from adapters.discovery import channel_folders, channel_plugins, plugins_of
from adapters.web import plugin as web

SDKS = ("slack_sdk", "slack_bolt", "telegram", "twilio", "microsoft_agents", "httpx", "requests")


def test_all_channels_are_found() -> None:
    assert set(channel_plugins()) >= {"web", "slack", "telegram", "sms", "whatsapp", "teams"}
    assert all(kind == plugin.kind for kind, plugin in channel_plugins().items())


def test_shared_code_is_no_channel() -> None:
    assert "shared" not in channel_folders() and "web" in channel_folders()


def test_a_folder_may_offer_several() -> None:
    folder = ModuleType("adapters.several")
    folder.__dict__["plugins"] = (web, web)
    assert list(plugins_of(folder)) == [web, web]


@pytest.mark.parametrize("offered", [{}, {"plugin": None}, {"plugin": "web"}, {"plugins": ("web",)}, {"plugins": ()}])
def test_a_folder_that_offers_nothing_is_named(offered: dict[str, object]) -> None:
    folder = ModuleType("adapters.nothing")
    folder.__dict__.update(offered)
    with pytest.raises(TypeError, match=r"adapters\.nothing"):
        list(plugins_of(folder))


def test_kinds_are_words_for_yaml() -> None:
    assert all(kind.isalpha() and kind.islower() for kind in channel_plugins())


def test_finding_them_loads_no_sdk() -> None:
    code = "import sys; from adapters.discovery import channel_plugins; channel_plugins()\n"
    code += f"print([name for name in {SDKS} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
