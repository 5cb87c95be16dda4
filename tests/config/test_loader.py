"""Good files become frozen settings; every mistake of a bad one is found at once, at its place, in file order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from config import ConfigProblems, load
from core.errors import ConfigError
from tests.config.files import ENVIRON, GOOD, PLUGS, ChatSettings, FilesSettings, PageSettings, examined, folder, lines


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return folder(tmp_path)


def test_a_good_file_becomes_settings(root: Path) -> None:
    result = examined(root, GOOD)
    assert lines(result) == []
    settings = result.settings
    assert settings is not None
    assert settings.data_dir == root / "var"
    assert settings.server.public.port == 9090
    assert settings.server.internal.host == "127.0.0.1"
    assert [person.password for person in settings.people] == [
        SecretStr("canary-environment-password"),
        SecretStr("canary-file-password"),
    ]
    tenant = settings.tenants[0]
    assert tenant.accounts[0].id == "demo-chat"
    chat = tenant.accounts[0].settings
    assert isinstance(chat, ChatSettings)
    assert chat.logo == root / "logo.txt"
    assert tenant.desk.settings == PageSettings(title="Inbox")
    assert tenant.knowledge.sources[0].settings == FilesSettings(path=root / "kb")
    assert tenant.engine.default_language == "de"
    assert set(tenant.engine.categories) == {"high_stakes", "wholesale"}
    assert tenant.notices.by_language == {"no": {"handoff": "Kommer"}}


def test_settings_are_frozen(root: Path) -> None:
    settings = examined(root, GOOD).settings
    assert settings is not None
    with pytest.raises(ValidationError, match="frozen"):
        settings.server.public.port = 1
    with pytest.raises(ValidationError, match="frozen"):
        settings.tenants[0].accounts[0].id = "x"


def test_left_out_blocks_have_their_defaults(root: Path) -> None:
    text = "version: 1\ntenants:\n  - {id: a, name: A}\n"
    result = examined(root, text)
    assert result.settings is not None
    assert result.settings.data_dir == root / "var"
    assert result.settings.tenants[0].desk.kind == "builtin"
    assert result.settings.tenants[0].engine.rules[-1].then == "answer"
    assert lines(result) == [
        "2:1: warning: nobody can log in to answer: `people` is empty; add people, with the role agent",
        "3:5: warning: tenant `a` has no account: nobody can write to it; add `accounts:` with a web account",
        "3:5: warning: tenant `a` has no knowledge: people get every question; add a source",
    ]
    assert result.settings.warnings == result.problems


def test_load_raises_all_mistakes(root: Path) -> None:
    file = root / "bad.yaml"
    file.write_text("version: 2\nlogs: {}\ntenants: []\n")
    with pytest.raises(ConfigError) as caught:
        load(file, PLUGS, ENVIRON)
    assert isinstance(caught.value, ConfigProblems)
    assert [p.line for p in caught.value.problems] == [1, 2, 3]
    assert caught.value.safe_message == "\n".join(map(str, caught.value.problems))


def test_a_missing_file_is_a_problem_too(root: Path) -> None:
    with pytest.raises(ConfigProblems, match=r"nope\.yaml:1:1: the file cannot be read: No such file"):
        load(root / "nope.yaml", PLUGS, ENVIRON)
    with pytest.raises(ConfigProblems, match="cannot be read"):
        load(root, PLUGS, ENVIRON)


MANY = """\
version: 1
sever: {}
server:
  public: {port: 8080, hots: x}
  internal: {port: 8080}
  session_secret: short
  limits: {streams: true, body_bytes: 1}
log: {level: inof}
people:
  - {id: sam, name: 12, password: "${SAM_PASWORD}", roles: [agnt], tenants: [demmo]}
  - {id: sam, name: Sam, password: 'file:./nothere', roles: []}
  - {id: robin, name: Robin, password: [x], role: [agent]}
tenants:
  - id: demo
    name: Demo
    accounts:
      - {id: a, channel: chatt, foo: 1}
      - {id: a, channel: chat, color: gren, keys: [{kid: x}], logo: ./nologo}
    knowledge:
      chunk: {overlap: 600}
      sources:
        - {id: s, kind: files, path: ./nokb}
        - {id: s, kind: files, depht: 2}
    engine:
      rules:
        - {when: {category: [whole_sale]}, then: hand_over}
    notices: {default: {handof: x}}
"""

FOUND = [
    (2, 1, "unknown key `sever` in `the file`"),
    (4, 24, "unknown key `hots` in `server.public`; did you mean `host`?"),
    (5, 20, "both listeners want port 8080"),
    (6, 19, "`server.session_secret` is shorter than 32 bytes"),
    (7, 21, "`server.limits.streams` must be a number, not true or false"),
    (7, 39, "`server.limits.body_bytes` must be at least 1024"),
    (8, 14, "`log.level` has a value that is not known; did you mean `info`?; one of: debug, info, warning, error"),
    (10, 21, "`people[0].name` must be a text; put it in quotes"),
    (10, 35, "needs the environment variable SAM_PASWORD, which is not set; did you mean SAM_PASSWORD"),
    (10, 61, "`people[0].roles[0]` has a value that is not known; did you mean `agent`?"),
    (10, 78, "the tenant `demmo` does not exist; did you mean `demo`?; tenants are: demo"),
    (11, 10, "the person `sam` stands twice; give it an id of its own; the first is on line 10"),
    (11, 36, "the secret file file:./nothere cannot be read: No such file or directory"),
    (11, 61, "`people[1].roles` must have 1 or more entries"),
    (12, 5, "`people[2]` lacks `roles`; add `roles:`"),
    (12, 40, "`people[2].password` must be a text"),
    (12, 45, "unknown key `role` in `people[2]`; did you mean `roles`?"),
    (17, 26, "names a channel that is not known; did you mean `chat`?; known: chat, mail"),
    (18, 14, "the account `a` stands twice"),
    (18, 39, "has a value that is not known; did you mean `green`?; one of: red, green"),
    (18, 52, "`tenants[0].accounts[1].keys[0]` lacks `secret`"),
    (18, 69, "`tenants[0].accounts[1].logo` names a path that does not exist"),
    (20, 24, "`overlap` (600) is not less than `tokens` (500)"),
    (22, 38, "`tenants[0].knowledge.sources[0].path` names a path that does not exist"),
    (23, 11, "`tenants[0].knowledge.sources[1]` lacks `path`"),
    (23, 16, "the source `s` stands twice"),
    (23, 32, "unknown key `depht` in `tenants[0].knowledge.sources[1]`; did you mean `depth`?"),
    (26, 11, "`then: hand_over` needs a `reason`"),
    (26, 30, "the category `whole_sale` does not exist; categories are: high_stakes"),
    (27, 25, "unknown key `handof` in `tenants[0].notices.default`; did you mean `handoff`?"),
]


def test_every_mistake_at_once_in_file_order(root: Path) -> None:
    result = examined(root, MANY)
    assert result.settings is None
    assert [(p.line, p.column) for p in result.problems] == [(line, column) for line, column, _ in FOUND]
    for problem, (_, _, text) in zip(result.problems, FOUND, strict=True):
        assert text.replace("did you mean SAM_PASSWORD", "did you mean `SAM_PASSWORD`") in str(problem)


UNREADABLE = [
    (b"", "1:1: the file is empty"),
    (b"version: 1\nserver:\n\tpublic: {}\n", "3:1: not valid YAML: a tab stands where spaces are needed"),
    (b"a: 1\nb:\n  c: 1\n d: 1\n", "4:2: not valid YAML: the indentation does not fit the lines above"),
    (b"a: 1\nb: *canary\n", "2:4: not valid YAML: an alias (`*name`) that no anchor (`&name`) defines"),
    (b'a: 1\nb: "canary\nc: 2\n', "2:4: not valid YAML: a quoted text does not end"),
    (b"a: 1\n---\nb: 2\n", "2:1: not valid YAML: a second document starts here"),
    (b"a: @canary\n", "1:4: not valid YAML: a text starts with a character that means something in YAML"),
    (b"a: b: canary\n", "1:5: not valid YAML: a `:` stands where it cannot"),
    (b'a: "\\qcanary"\n', "1:6: not valid YAML"),
    (b"a: 1\nb: \x01canary\n", "2:4: a control character that YAML does not allow"),
    (b"a: 1\nb: \xffcanary\n", "2:4: a byte that is not UTF-8"),
    (b"- a\n- b\n", "1:1: the file is not a list of `key: value` lines"),
    (b"a: " + b"[" * 100_000, "1:43: values are nested more than 40 deep"),
    (b"[" + b"x," * 100_001 + b"]", "1:200000: more than 50000 keys and values"),
    (b"#" * 1_000_001, "1:1: the file is larger than 1000000 bytes"),
]


@pytest.mark.parametrize(("text", "expected"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_unreadable_files_name_the_place_and_quote_nothing(root: Path, text: bytes, expected: str) -> None:
    result = examined(root, text)
    assert result.settings is None
    assert len(result.problems) == 1
    assert lines(result)[0].startswith(expected)
    assert "canary" not in str(result.problems[0])


ODD = [
    (b"version: 1\nversion: 1\n", "2:1: the key `version` stands twice; keep one of them; the first is on line 1"),
    (b"version: &a [*a]\n", "1:10: an alias that holds itself"),
    (b"version: !!python/object:os.system canary\n", "1:10: YAML tags (`!name`) are not read"),
    (b"version: !canary 1\n", "1:10: YAML tags (`!name`) are not read"),
    (b"version: 1\n<<: {a: 1}\n", "2:1: merge keys (`<<`) are not read"),
    (b"version: 1\n? [a, b]\n: c\n", "2:3: a key in the file is not a plain word"),
    (b"version: 1\nserver:\n", "2:8: `server` has no value; give it one, or remove the key"),
]


@pytest.mark.parametrize(("text", "expected"), ODD, ids=range(len(ODD)))
def test_odd_yaml_is_refused_beside_other_mistakes(root: Path, text: bytes, expected: str) -> None:
    found = lines(examined(root, text))
    assert any(line.startswith(expected) for line in found), found
    assert any("lacks `tenants`" in line for line in found)
    assert "canary" not in "".join(found)


def test_an_alias_bomb_is_bounded(root: Path) -> None:
    bomb = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    result = examined(root, "\n".join(bomb))
    assert [p.what for p in result.problems] == ["aliases blow the file up beyond all measure"]


def test_aliases_are_followed_and_mistakes_in_them_point_to_the_anchor(root: Path) -> None:
    text = GOOD.replace("desk: {kind: builtin, title: Inbox}", "desk: &desk {kind: builtin, titel: Inbox}")
    text += "  - {id: two, name: Two, desk: *desk}\n"
    problems = [p for p in examined(root, text).problems if p.severity == "error"]
    assert [(p.line, p.column, p.what) for p in problems] == [
        (25, 33, "unknown key `titel` in `tenants[0].desk`"),
        (25, 33, "unknown key `titel` in `tenants[1].desk`"),
    ]


def test_words_are_read_as_editors_read_them(root: Path) -> None:
    text = GOOD.replace("name: Demo", "name: no").replace("greeting: Hello", "greeting: 09:00")
    settings = examined(root, text).settings
    assert settings is not None
    assert settings.tenants[0].name == "no"
    assert isinstance(chat := settings.tenants[0].accounts[0].settings, ChatSettings)
    assert chat.greeting == "09:00"


RULES = [
    ("[{then: answer}, {then: clarify}]", "never reached: the one on line 5 always matches"),
    (
        "[{when: {confidence_below: 0.5}, then: clarify}, {when: {confidence_below: 0.3}, then: answer}]",
        "never reached: the one on line 5 matches whenever this one does",
    ),
    (
        "[{when: {smalltalk: [greeting, thanks]}, then: answer}, {when: {smalltalk: [thanks], language: [de]}, then: answer}]",
        "never reached",
    ),
    ("[{when: {confidence_below: 0.3, confidence_at_least: 0.3}, then: answer}]", "never matches"),
]


@pytest.mark.parametrize(("rules", "expected"), RULES, ids=range(len(RULES)))
def test_rules_that_never_decide_are_warned_about(root: Path, rules: str, expected: str) -> None:
    result = examined(root, f"version: 1\ntenants:\n  - id: a\n    name: A\n    engine: {{rules: {rules}}}\n")
    assert result.settings is not None
    assert [expected in p.what for p in result.problems if "rule" in p.what] == [True]


REACHED = [
    "[{when: {confidence_below: 0.3}, then: answer}, {when: {confidence_below: 0.5}, then: clarify}]",
    "[{when: {smalltalk: [thanks]}, then: answer}, {when: {smalltalk: [greeting, thanks]}, then: answer}]",
    "[{when: {asked_for_person: true}, then: answer}, {when: {asked_for_person: false}, then: answer}]",
    "[{when: {unresolved_turns_at_least: 2}, then: answer}, {when: {unresolved_turns_at_least: 1}, then: answer}]",
]


@pytest.mark.parametrize("rules", REACHED, ids=range(len(REACHED)))
def test_rules_that_may_decide_are_left_alone(root: Path, rules: str) -> None:
    result = examined(root, f"version: 1\ntenants:\n  - id: a\n    name: A\n    engine: {{rules: {rules}}}\n")
    assert [p.what for p in result.problems if "rule" in p.what] == []


@pytest.mark.parametrize(
    ("hosts", "is_clash"),
    [(("127.0.0.1", "127.0.0.1"), True), (("0.0.0.0", "127.0.0.1"), True), (("127.0.0.1", "127.0.0.2"), False)],
)
def test_equal_ports_clash_only_on_the_same_address(root: Path, hosts: tuple[str, str], is_clash: bool) -> None:
    server = f"server: {{public: {{host: {hosts[0]}, port: 90}}, internal: {{host: {hosts[1]}, port: 90}}}}\n"
    result = examined(root, f"version: 1\n{server}tenants: [{{id: a, name: A}}]\n")
    assert (result.settings is None) is is_clash
    assert any("want port 90" in p.what for p in result.problems) is is_clash


def test_port_zero_may_stand_twice(root: Path) -> None:
    server = "server: {public: {port: 0}, internal: {port: 0}}\n"
    assert examined(root, f"version: 1\n{server}tenants: [{{id: a, name: A}}]\n").settings is not None


def test_a_file_in_the_way_of_data_dir(root: Path) -> None:
    result = examined(root, "version: 1\ndata_dir: ./logo.txt/var\ntenants: [{id: a, name: A}]\n")
    assert lines(result)[0].startswith("2:11: `data_dir` cannot be a folder")
