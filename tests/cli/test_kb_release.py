"""``frontdesk kb status|diff|rollback|search|refresh`` and ``sync`` with a gate, from a YAML file on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app

YAML = """
version: 1
data_dir: {folder}/var
tenants:
  - id: acme
    name: Acme
    accounts: [{{id: acme-web, channel: web}}]
    knowledge:
      gate: {{golden: {folder}/golden.jsonl, lost_at_most: 0.2}}
      sources: [{{id: help, kind: folder, path: {folder}/kb}}]
"""
GOLDEN = (
    {"id": "q1", "question": "How long can I send parcels back?", "relevant": ["returns.md"], "answerable": True},
    {"id": "q2", "question": "Do vouchers expire?", "relevant": ["gifts.md"], "answerable": True},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kb").mkdir()
    write(tmp_path, "returns", "# Sending parcels back\n\nYou can send parcels back within thirty days of delivery.")
    write(tmp_path, "gifts", "# Vouchers\n\nGift vouchers never expire. They are valid in every shop.")
    write(tmp_path, "about", "# About us\n\nOur shop is in Vienna and was founded in 1987.")
    (tmp_path / "golden.jsonl").write_text("\n".join(json.dumps(one) for one in GOLDEN))
    (tmp_path / "frontdesk.yaml").write_text(YAML.format(folder=tmp_path))
    assert run(tmp_path, "sync")[0] == 0
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / "kb" / f"{name}.md").write_text(text)


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments, "-c", str(folder / "frontdesk.yaml")], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def releases(folder: Path) -> list[tuple[str, str]]:
    told = json.loads(run(folder, "kb", "status", "--json")[1])
    return [(one["id"], one["state"]) for one in told[0]["releases"]]


def test_status(folder: Path) -> None:
    code, page = run(folder, "kb", "status")
    assert code == 0 and "help" in page and "folder" in page and "ok" in page and "live" in page
    (told,) = json.loads(run(folder, "kb", "status", "--json")[1])
    assert told["is_well"] and told["refused"] is None and told["sources"][0]["documents"] == 3
    assert told["sources"][0]["run"]["outcome"] == "ok" and [one["state"] for one in told["releases"]] == ["live"]


def test_search(folder: Path) -> None:
    code, page = run(folder, "kb", "search", "do vouchers expire", "--limit", "1")
    assert code == 0 and "1. Vouchers" in page and "[help/gifts.md" in page and "confidence" in page
    assert run(folder, "kb", "search", "x", "--in", "nonsense")[0] == 1


def test_a_refused_release_and_its_diff(folder: Path) -> None:
    assert "no release waits" in run(folder, "kb", "diff")[1]
    write(folder, "gifts", "# Moved\n\nThis page has moved elsewhere.")
    code, page = run(folder, "sync")
    assert code == 1 and "is refused and the old one stays live" in page and "the gate: 50 % of the golden" in page
    assert "1 of 2 golden answers would change" in page
    code, page = run(folder, "kb", "diff")
    assert (
        code == 0 and "worse: Do vouchers expire?" in page and "1 documents changed" in page and "help/gifts.md" in page
    )
    told = json.loads(run(folder, "kb", "diff", "--json")[1])
    assert (
        told["verdict"]["changed"][0]["became"] == "worse"
        and told["documents"]["changed"][0]["external_id"] == "gifts.md"
    )
    code, page = run(folder, "kb", "status")
    assert code == 1 and "is refused and the live release stays" in page
    code, page = run(folder, "sync", "--force")
    assert code == 0 and "is live" in page and "1 of 2 golden answers changed" in page
    assert [state for _, state in releases(folder)] == ["live", "retired"]


def test_rollback_and_refresh(folder: Path) -> None:
    code, page = run(folder, "kb", "rollback")
    assert code == 1 and "no former release to go back to" in page
    write(folder, "about", "# About us\n\nOur shop is in Graz.")
    assert run(folder, "sync")[0] == 0
    (second, _), (first, _) = releases(folder)
    code, page = run(folder, "kb", "diff", first)
    assert code == 0 and "1 documents changed" in page
    code, page = run(folder, "kb", "rollback")
    assert code == 0 and f"release {first} is live again" in page
    assert releases(folder) == [(second, "withdrawn"), (first, "live")]
    assert "Vienna" in run(folder, "kb", "search", "where is the shop")[1]
    code, page = run(folder, "sync")
    assert code == 0 and "until a document changes" in page
    code, page = run(folder, "kb", "refresh")
    assert code == 0 and "is live" in page and "Graz" in run(folder, "kb", "search", "where is the shop")[1]


def test_a_large_loss_waits_and_a_dry_run_tells_it(folder: Path) -> None:
    for path in (folder / "kb").iterdir():
        path.unlink()
    code, page = run(folder, "sync", "--dry-run")
    assert code == 1 and "3 of 3 documents are gone at the source" in page and "nothing was stored" in page
    assert run(folder, "kb", "status")[0] == 0
    code, page = run(folder, "sync")
    assert code == 1 and "--yes" in page and run(folder, "kb", "status")[0] == 1
    code, page = run(folder, "sync", "--yes", "--force")
    assert "3 removed" in page and "there is nothing to answer from" in page


@pytest.mark.parametrize("command", [("status",), ("diff",), ("search", "x"), ("rollback",), ("refresh",)])
def test_an_unknown_tenant_is_a_wrong_call(folder: Path, command: tuple[str, ...]) -> None:
    code, page = run(folder, "kb", *command, "--tenant", "acne")
    assert code == 2 and "No such tenant: acne. Configured: acme." in page
