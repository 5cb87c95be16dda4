"""The page on scripts: its example loads, and every key and trouble is on it."""

from __future__ import annotations

import re

import msgspec
import pytest
import yaml

from evals.serving import ROOT
from gateway.lab.model import Trouble, read_script
from gateway.lab.model.script import Script, Then, When
from gateway.lab.model.templates import FORMS, ROOTS
from gateway.lab.shop import ShopTrouble

PAGE = (ROOT / "docs" / "scripted-model.md").read_text()
KEYS = [field.name for part in (Script, When, Then) for field in msgspec.structs.fields(part)]


def test_the_example_loads() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    assert len(read_script(yaml.safe_load(found[1])).rules) == 3


@pytest.mark.parametrize("word", [*dict.fromkeys(KEYS), *Trouble, *ShopTrouble])
def test_every_key_and_trouble_is_told(word: str) -> None:
    assert re.search(rf"`[^`]*\b{word}\b[^`]*`|^\s*-?\s*{word}:", PAGE, re.MULTILINE), word


def test_every_place_and_form_is_told() -> None:
    assert all(f"{{{{{root}" in PAGE for root in ROOTS)
    assert all(f":{form}" in PAGE for form in FORMS)
