"""The intents block: what ``check`` says about examples that teach too little or the wrong thing."""

from __future__ import annotations

import re
from pathlib import Path

from config.describing import described
from config.intents import Intent
from core.intents import builtin
from tests.config.files import GOOD, examined, folder, lines

FIVE = "[when do roses bloom, how do I prune a rose, can roses stand shade, why are the leaves yellow, best soil for roses]"


def _told(root: Path, block: str) -> list[str]:
    """The problems that this block adds to a file."""
    before = lines(examined(folder(root), GOOD))
    return [line for line in lines(examined(root, f"{GOOD}    intents:\n{block}")) if line not in before]


def test_a_good_block_has_no_problem_and_is_read(tmp_path: Path) -> None:
    block = (
        f"      builtin: false\n      own:\n        roses: {{examples: {FIVE}, description: Care, threshold: 0.6}}\n"
    )
    result = examined(folder(tmp_path), f"{GOOD}    intents:\n{block}")
    assert result.settings is not None
    intents = result.settings.tenants[0].intents
    assert (intents.builtin, intents.own["roses"].threshold, len(intents.own["roses"].examples)) == (False, 0.6, 5)


def test_few_examples_are_warned_of(tmp_path: Path) -> None:
    block = "      own:\n        one: {examples: [when do roses bloom]}\n        two: {examples: [where is it, who is it]}\n"
    first, second = _told(tmp_path, block)
    assert first.startswith("42:25:")
    assert "warning: the intent `one` has only one example; give it five to twenty" in first
    assert "warning: the intent `two` has only 2 examples; give it five to twenty" in second


def test_the_same_example_twice_is_warned_of_at_the_second(tmp_path: Path) -> None:
    other = (
        FIVE.replace("when do roses bloom", "When do ROSES bloom")
        .replace("how do", "where do")
        .replace("can roses", "do they")
    )
    other = other.replace("why are", "are").replace("best", "good")
    (line,) = _told(
        tmp_path, f"      own:\n        roses: {{examples: {FIVE}}}\n        bloom: {{examples: {other}}}\n"
    )
    assert line.startswith("43:28:")
    assert "“When do ROSES bloom” is an example of `roses` too; keep it where it belongs" in line


def test_an_example_without_words_is_warned_of(tmp_path: Path) -> None:
    (line,) = _told(tmp_path, f"      own:\n        roses: {{examples: {FIVE[:-1]}, '🙂🙂']}}\n")
    assert "“🙂🙂” has no words to learn from; write it as customers do" in line


def test_mistakes_name_their_place(tmp_path: Path) -> None:
    told = _told(
        tmp_path,
        "      own:\n        Two Words: {examples: [where is it]}\n        none: {examples: []}\n        who: {exmples: [a b]}\n",
    )
    errors = [line for line in told if "warning" not in line]
    assert any("Two Words" in line for line in errors)
    assert any("none" in line and "examples" in line for line in errors)
    assert any("exmples" in line and "examples" in line for line in errors)


def test_the_page_names_the_threshold_and_every_shipped_intent() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "intents.md").read_text()
    (default,) = re.findall(r"left out: ([0-9.]+)\.$", described(Intent)["threshold"])
    assert f"left out: {default}." in page
    assert not [name for name in builtin.names() if f"`{name}`" not in page]
