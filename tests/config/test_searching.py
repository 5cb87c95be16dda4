"""The ``search`` block: mirrors core, and a group that says nothing is refused with its place."""

from __future__ import annotations

import msgspec
import pytest
from pydantic import ValidationError

from config.searching import Search
from core.settings import SearchSettings


def test_it_becomes_the_settings_of_core() -> None:
    block = Search.model_validate({"synonyms": [["parcel", "package"], ["2FA", "two-factor code"]]})
    settings = msgspec.convert(block.model_dump(), SearchSettings)
    assert settings == SearchSettings(synonyms=(("parcel", "package"), ("2FA", "two-factor code")))
    assert msgspec.convert(Search().model_dump(), SearchSettings) == SearchSettings()


@pytest.mark.parametrize(
    ("group", "place", "said"),
    [
        (["parcel"], ("synonyms", 0), "at least 2 items"),
        (["parcel", ""], ("synonyms", 0, 1), "at least 1 character"),
        (["parcel", "?!"], ("synonyms", 0, 1), "a synonym needs a word or a number in it"),
        (["Parcel", "parcel."], ("synonyms", 0), "must differ in more than capitals"),
        ([str(n) for n in range(21)], ("synonyms", 0), "at most 20 items"),
        ("parcel", ("synonyms", 0), "valid tuple"),
    ],
)
def test_a_group_that_says_nothing(group: object, place: tuple[str | int, ...], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Search.model_validate({"synonyms": [group]})
    error = caught.value.errors()[0]
    assert error["loc"] == place and said in error["msg"]
