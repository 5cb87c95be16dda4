"""Which files go along, and what is said about the others."""

from __future__ import annotations

from handoff.kit.enclosing import enclose, flat
from tests.handoff.desks.drafted import House


async def test_files_go_along_as_far_as_there_is_room() -> None:
    house = House()
    files = tuple(house.file(f"{name}.png", b"x" * 10) for name in "abcd")
    going, text = await enclose(house.entry("See:", files=files), house.files, total_bytes=35, most=10)
    assert [file.name for file in going] == ["a.png", "b.png", "c.png"]
    assert text == "See:\n\n- [d.png](<https://files.example/u_d.png?valid_s=604800>)"
    going, text = await enclose(house.entry("See:", files=files), house.files, total_bytes=99, most=1)
    assert [file.name for file in going] == ["a.png"] and text.count("- [") == 3


async def test_without_a_public_address_it_is_said_why_a_file_is_missing() -> None:
    house = House()
    house.files.base = None
    gone = house.file("gone.png")
    del house.files.bodies[gone.id]
    going, text = await enclose(house.entry("", files=(house.file("big.png"), gone)), house.files, total_bytes=1)
    assert going == ()
    assert text == "- big.png (too large to go along)\n- gone.png (no longer available)"


async def test_names_and_types_are_made_safe_for_a_form() -> None:
    house = House()
    odd = house.file('a"b/c\r\nd\u202e.png', media_type="image/png\r\nX: y")
    (file,), text = await enclose(house.entry("Hi \x00there", files=(odd,)), house.files, total_bytes=99)
    assert (file.name, file.media_type, text) == ("a_b_c_d.png", "application/octet-stream", "Hi there")


def test_objects_become_fields_with_brackets() -> None:
    body = {"a": 1, "b": {"c": {"d": "x"}, "e": None}, "f": ["g", 2], "h": True, "i": None}
    assert list(flat(body)) == [("a", "1"), ("b[c][d]", "x"), ("f[]", "g"), ("f[]", "2"), ("h", "true")]
