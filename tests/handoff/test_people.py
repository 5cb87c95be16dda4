"""Who may log in."""

from __future__ import annotations

from handoff.people import People, Person, PersonRole


def person(person_id: str = "sam", name: str = "Sam", password: str = "right", **more: object) -> Person:
    roles = frozenset({PersonRole.AGENT})
    return Person(id=person_id, name=name, password=password, roles=roles, **more)  # type: ignore[arg-type]  # tenants only


def test_only_the_right_password_of_a_known_person() -> None:
    people = People([person()])
    assert people.check("sam", "right") == people.get("sam")
    assert people.check("sam", "wrong") is None
    assert people.check("sam", "") is None
    assert people.check("nobody", "right") is None
    assert people.check("sam", "right\ud800") is None


def test_an_empty_password_lets_nobody_in() -> None:
    assert People([person(password="")]).check("sam", "") is None


def test_a_password_is_never_shown() -> None:
    assert "right" not in repr(person())
    assert "right" not in repr(People([person()]))


def test_tenants_and_roles() -> None:
    somewhere = person(tenants=frozenset({"demo"}))
    assert somewhere.sees("demo")
    assert not somewhere.sees("other")
    assert person().sees("anything")
    assert somewhere.may(PersonRole.AGENT)
    assert not somewhere.may(PersonRole.ADMIN)


def test_two_people_of_one_name_are_told_apart() -> None:
    people = People([person("sam", "Sam"), person("sam2", "Sam"), person("ana", "Ana")])
    names = [found.name for found in (people.get("sam"), people.get("sam2"), people.get("ana")) if found]
    assert names == ["Sam (sam)", "Sam (sam2)", "Ana"]


def test_the_fingerprint_follows_the_password() -> None:
    assert person().fingerprint(b"k") == person().fingerprint(b"k")
    assert person().fingerprint(b"k") != person(password="new").fingerprint(b"k")
    assert person().fingerprint(b"k") != person("ana").fingerprint(b"k")
