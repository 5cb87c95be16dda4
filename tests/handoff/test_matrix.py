"""The desks' page says what the desks declare."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from core.ports.channel import Files, LiveEvents, Memory
from core.ports.helpdesk import DeskFeatures
from handoff import DeskContext
from handoff.discovery import desk_plugins
from handoff.matrix import matrix

PAGE = Path(__file__).parents[2] / "docs" / "desks" / "README.md"
BETWEEN = re.compile(r"(<!-- matrix: .*? -->\n)(.*?)(<!-- end of matrix -->)", re.DOTALL)
LEAST: dict[str, dict[str, Any]] = {
    "chatwoot": {"account_id": 1, "inbox_id": 2, "api_token": "t" * 20, "webhook_secrets": ["s" * 32]},
    "freshdesk": {
        "api_url": "https://acme.freshdesk.com",
        "api_key": "k" * 20,
        "webhook_tokens": ["w" * 32],
        "case_field": "cf_frontdesk",
    },
    "rt": {"api_url": "https://rt.example", "user": "frontdesk", "token": "t" * 20},
    "slack": {"bot_token": "xoxb-1", "signing_secrets": ["s" * 32], "channel": "C0123456789"},
    "webhook": {"url": "https://desk.example/in", "secrets": ["whsec_" + "a" * 43 + "="]},
    "zammad": {"api_url": "https://zammad.example", "token": "t" * 20, "webhook_secrets": ["s" * 32]},
    "zendesk": {"subdomain": "acme", "client_id": "c", "client_secret": "s", "signing_secrets": ["x" * 32]},
}


def declared() -> dict[str, DeskFeatures]:
    """What each desk of a vendor says of itself."""
    context = DeskContext(
        tenant="acme",
        live=cast(LiveEvents, None),
        files=cast(Files, None),
        memory=cast(Memory, None),
        clock=lambda: datetime.now(UTC),
        webhook_url="https://chat.acme.example/webhooks/desk/acme",
    )
    plugins = {kind: plugin for kind, plugin in desk_plugins().items() if plugin.helpdesk is not None}
    assert set(plugins) == set(LEAST)
    return {
        kind: plugin.helpdesk(context, plugin.settings(**LEAST[kind])).features
        for kind, plugin in plugins.items()
        if plugin.helpdesk is not None
    }


def test_the_page_has_the_matrix_of_what_the_desks_declare() -> None:
    found = BETWEEN.search(PAGE.read_text())
    assert found is not None
    assert found[2].strip() == matrix(declared())
