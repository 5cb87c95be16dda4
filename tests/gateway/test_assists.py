"""The composition root gives agents' help what the YAML says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.conversing.abilities import Abilities
from gateway.compose import load_settings
from gateway.compose.assists import assisting_of, briefing_of
from tests.handoff.desk_case import desk_case

YAML = """
version: 1
data_dir: ./var
tenants:
  - id: acme
    name: Acme Garden
    accounts:
      - {id: web, channel: web, allowed_origins: ["https://www.example.com"]}
    knowledge:
      sources:
        - {id: help, kind: folder, path: ./kb}
    handoff:
      brief: {redact: [email], written: false, patience_s: 1}
      assist: {suggest: false, translate: {to: de}, patience_s: 5}
"""


@pytest.mark.parametrize(
    ("base_url", "kept"),
    [
        ("https://desk.example", "https://desk.example"),
        ("http://10.1.2.3:8081", "http://10.1.2.3:8081"),
        ("http://127.0.0.1:8081", None),
        ("http://[::1]:8081", None),
        ("http://0.0.0.0:8081", None),
        ("http://localhost:8081", None),
        (None, None),
    ],
)
async def test_settings_arrive_and_an_address_of_this_machine_is_no_link(
    tmp_path: Path, base_url: str | None, kept: str | None
) -> None:
    (tmp_path / "kb").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(YAML)
    tenant = load_settings(tmp_path / "frontdesk.yaml").tenants[0]
    has = Abilities()
    async with desk_case(tmp_path) as case:
        brief = briefing_of(tenant, case.store, models=lambda: has.models, secret=b"s", base_url=base_url)
        assist = assisting_of(tenant, case.store, models=lambda: has.models, secret=b"s")
    assert (brief.settings.redact, brief.settings.written, brief.company) == (("email",), False, "Acme Garden")
    assert brief.base_url == kept
    assert (assist.settings.suggest, assist.settings.translate.to, assist.settings.patience_s) == (False, "de", 5)
