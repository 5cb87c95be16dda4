"""What the folder source takes, what it passes over, and what it makes of names and settings."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import DocumentRejected, SourceUnavailable
from kb_sync import SourceContext
from kb_sync.patterns import is_matched
from kb_sync.sources.folder import plugin, source
from kb_sync.sources.folder.settings import FolderSettings
from tests.contracts.source_contract import documents, loaded, only
from tests.kb_sync.test_office import a_docx, a_pdf
from tests.kb_sync.world import NOW


def folder(root: Path, **given: object) -> source.FolderSource:
    settings = FolderSettings.model_validate({"path": root, **given})
    made = plugin.build(SourceContext(id="help", tenant="acme", clock=lambda: NOW, folder=root / "work"), settings)
    assert isinstance(made, source.FolderSource)
    return made


def names(found: source.FolderSource) -> list[str]:
    return [item.external_id for item in found.listing().items]


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"Text of {path}")


def test_every_format_becomes_a_document(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.markdown", "c.txt", "d.html", "e.htm")
    (tmp_path / "f.pdf").write_bytes(a_pdf("Send it back within thirty days.", title="Returns"))
    (tmp_path / "g.docx").write_bytes(a_docx())
    (tmp_path / "h.jsonl").write_text('{"id": "h1", "text": "One"}\n{"id": "h2", "text": "Two"}')
    found = documents(folder(tmp_path))
    assert [d.external_id for d in found] == [
        "a.md",
        "b.markdown",
        "c.txt",
        "d.html",
        "e.htm",
        "f.pdf",
        "g.docx",
        "h1",
        "h2",
    ]


def test_it_looks_into_folders_in_a_stable_order(tmp_path: Path) -> None:
    write(tmp_path, "z.md", "b/c/d.md", "b/a.md", "A.MD")
    assert names(folder(tmp_path)) == ["A.MD", "b/a.md", "b/c/d.md", "z.md"]


def test_hidden_and_foreign_files_are_passed_over(tmp_path: Path) -> None:
    write(
        tmp_path, "a.md", ".secret.md", ".git/x.md", "b/.hidden/y.md", "image.png", "README", "a.md.bak", "~b.docx.tmp"
    )
    assert names(folder(tmp_path)) == ["a.md"]


def test_include_and_exclude(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "a.txt", "drafts/x.md", "help/drafts/y.md", "help/deep/er/z.md", "help/b.md")
    assert names(folder(tmp_path, include=["*.md"], exclude=["drafts"])) == ["a.md", "help/b.md", "help/deep/er/z.md"]
    assert names(folder(tmp_path, include=["help/**"], exclude=["help/*/**/z.*"])) == ["help/b.md", "help/drafts/y.md"]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("**/*", "a.md", True), ("**/*", "a/b.md", True), ("**", "a/b/c.md", True), ("*.md", "a/b.md", True),
        ("/*.md", "a/b.md", False), ("/*.md", "a.md", True), ("a/*.md", "a/b/c.md", False), ("a/**/*.md", "a/b/c.md", True),
        ("a/**/*.md", "a/c.md", True), ("a/**", "ab/c.md", False), ("draft?.md", "draft1.md", True),
        ("draft?.md", "draft.md", False),
        ("[ab].md", "b.md", True), ("[!ab].md", "b.md", False), ("[!ab].md", "c.md", True), ("drafts/", "x/drafts/a.md", True),
        ("./a/b.md", "a/b.md", True), ("a.md", "axmd", False), ("[", "[", True), ("(a|b).md", "a.md", False),
    ],
)  # fmt: skip
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert is_matched(path, [pattern]) is fits


def test_no_link_leads_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "kb", tmp_path / "private"
    write(tmp_path, "kb/real.md", "private/secret.md")
    (inside / "file.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    (inside / "up.md").symlink_to("../private/secret.md")
    (inside / "gone.md").symlink_to("nowhere.md")
    (inside / "fine.md").symlink_to("real.md")
    assert names(folder(inside)) == ["fine.md", "real.md"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.md").symlink_to("self.md")
    assert names(folder(tmp_path)) == ["a.md"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    os.mkfifo(tmp_path / "pipe.md")
    assert names(folder(tmp_path)) == ["a.md"]


def test_a_name_that_is_no_utf8_can_be_shown(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md"))).write_text("Text")
    document = only(documents(folder(tmp_path)))
    assert document.external_id == "caf\\xe9.md"


def test_a_folder_that_is_none_is_unavailable(tmp_path: Path) -> None:
    write(tmp_path, "kb/a.md")
    found = folder(tmp_path / "kb")
    (tmp_path / "kb" / "a.md").unlink()
    (tmp_path / "kb").rmdir()
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        names(found)
    (tmp_path / "kb").write_text("a file")
    with pytest.raises(SourceUnavailable):
        names(found)


def test_an_unreadable_folder_inside_is_unavailable_rather_than_empty(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b/c.md")
    (tmp_path / "b").chmod(0)
    try:
        if os.access(tmp_path / "b", os.R_OK):
            pytest.skip("the superuser may read every folder")
        with pytest.raises(SourceUnavailable):
            names(folder(tmp_path))
    finally:
        (tmp_path / "b").chmod(0o700)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "large.md").open("wb") as file:
        file.truncate(20_000_001)
    (item,) = folder(tmp_path).listing().items
    with pytest.raises(DocumentRejected, match="20 MB"):
        item.load()


def test_large_files_of_lines_are_read_in_parts(tmp_path: Path) -> None:
    lines = [f'{{"id": "n{n}", "title": "T{n}", "text": "{"word " * 400}"}}' for n in range(5_000)]
    lines[4_321] = "broken"
    (tmp_path / "big.jsonl").write_text("\n".join(lines))
    found = folder(tmp_path)
    assert names(found) == ["big.jsonl"] * 3
    all_documents, problems = loaded(found)
    assert [d.external_id for d in all_documents] == [f"n{n}" for n in range(5_000) if n != 4_321]
    assert [p.external_id for p in problems] == ["big.jsonl, line 4322"]


def test_settings_fill_what_files_leave_out(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    (tmp_path / "b.md").write_text("---\naudience: public\nlanguage: de-AT\ncategory: own\nurl: /own\n---\nText")
    settings = {"audience": "staff", "category": "set", "language": "en", "url_prefix": "https://shop.example/help"}
    first, second = documents(folder(tmp_path, **settings))
    assert (first.audience, first.category, first.language) == ("staff", "set", "en")
    assert (second.audience, second.category, second.language) == ("public", "own", "de")
    assert (first.url, second.url) == ("https://shop.example/help/a", "https://shop.example/own")


def test_addresses_are_made_of_paths(tmp_path: Path) -> None:
    write(tmp_path, "über uns/a b.md", "x.html")
    urls = [d.url for d in documents(folder(tmp_path, url_prefix="https://shop.example/"))]
    assert urls == ["https://shop.example/x.html", "https://shop.example/%C3%BCber%20uns/a%20b"]


def test_titles_come_from_names_and_first_words_when_there_is_nothing_better(tmp_path: Path) -> None:
    (tmp_path / "return-policy_2026.md").write_text("Text")
    (tmp_path / "z.jsonl").write_text('{"id": "1", "text": "' + "Many words about it " * 10 + '"}')
    first, second = documents(folder(tmp_path))
    assert first.title == "Return policy 2026"
    assert second.title == "Many words about it Many words about it Many words about it Many words about it…"


def test_what_cannot_be_used_is_said_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nlanguage: the English language\nupdated: yesterday\nurl: ftp://x\n---\nText")
    found, problems = loaded(folder(tmp_path))
    document = only(found)
    assert (document.language, document.updated_at, document.url) == (None, None, None)
    assert (
        len(problems) == 3 and not any(p.is_skipped for p in problems) and {p.external_id for p in problems} == {"a.md"}
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-31", datetime(2026, 3, 31, tzinfo=UTC)),
        ("2026-03-31T10:00:00+02:00", datetime(2026, 3, 31, 8, tzinfo=UTC)),
        ("2026-03-31 10:00:00Z", datetime(2026, 3, 31, 10, tzinfo=UTC)),
    ],
)
def test_dates(tmp_path: Path, text: str, moment: datetime) -> None:
    (tmp_path / "a.md").write_text(f"---\nupdated: {text}\n---\nText")
    assert only(documents(folder(tmp_path))).updated_at == moment


def test_touching_a_file_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    before = only(documents(folder(tmp_path)))
    os.utime(tmp_path / "a.md", (1, 1))
    assert only(documents(folder(tmp_path))) == before


def test_a_file_that_did_not_change_is_not_parsed_again(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    (item,) = folder(tmp_path).listing().items
    first = item.load()
    assert first.version and item.load("of another day") == first
    again = item.load(first.version)
    assert again.is_unchanged and again.version == first.version and not again.documents
    (tmp_path / "a.md").write_text("Text of b.md")
    changed = item.load(first.version)
    assert changed.version != first.version and only(list(changed.documents)).body == "Text of b.md"


@pytest.mark.parametrize(
    "wrong", [{"path": "/no/such/folder"}, {"url_prefix": "ftp://x"}, {"audience": ""}, {"paths": "x"}]
)
def test_wrong_settings_are_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        FolderSettings.model_validate({"path": tmp_path, **wrong})
