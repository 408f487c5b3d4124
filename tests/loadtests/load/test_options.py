"""What cannot be right is said in a sentence, before anything is started."""

from pathlib import Path

import pytest

from loadtests.lib.monitoring import __main__ as sampling
from loadtests.load.options import parse
from loadtests.load.server_monitoring import words_of
from loadtests.load.targets import UnfitError, elsewhere


@pytest.mark.parametrize(
    "arguments",
    [
        ["--users", "none"],
        ["--users", "0"],
        ["--rate", "-1"],
        ["--rate", "nan"],
        ["--seconds", "inf"],
        ["--shape", "round"],
        ["--host", "staging.example.org"],
        ["--master", "--worker"],
    ],
)
def test_nonsense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_make_tells_by_variables_and_an_option_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("USERS", "7")
    monkeypatch.setenv("SHAPE", "hot")
    assert (parse([]).users, parse([]).shape) == (7, "hot")
    assert parse(["--users", "8"]).users == 8
    monkeypatch.setenv("USERS", "many")
    with pytest.raises(SystemExit):
        parse([])


@pytest.mark.parametrize(
    ("arguments", "lacking"),
    [
        (["--redis", "redis://there"], ["metrics", "Postgres"]),
        (["--postgres", "postgres://there"], ["metrics", "Redis"]),
        (["--metrics", "http://there/metrics"], ["Redis", "Postgres"]),
    ],
)
def test_what_is_told_of_a_place_elsewhere_is_sampled_and_the_rest_named(
    arguments: list[str], lacking: list[str]
) -> None:
    told = words_of(parse(["--host", "https://chat.example.org", *arguments]))
    seen = sampling.deployment(sampling.parse([*told, "--out", "file"]))
    assert all(any(what in one for one in seen.unseen) for what in lacking)
    assert len(seen.unseen) == len(lacking) + 1
    assert words_of(parse(["--host", "https://chat.example.org"])) == []


def test_a_place_elsewhere_needs_people() -> None:
    with pytest.raises(UnfitError, match="needs people: --sessions FILE, as"):
        elsewhere(parse(["--host", "https://chat.example.org", "--users", "5"]))


def test_sessions_and_accounts_are_people_and_there_must_be_enough(tmp_path: Path) -> None:
    sessions, accounts = tmp_path / "sessions", tmp_path / "accounts"
    sessions.write_text("Cookie: sessionid=x\nAuthorization: Bearer y\n")
    accounts.write_text("bob secret\n")
    told = ["--host", "https://chat.example.org", "--sessions", str(sessions)]
    told += ["--accounts", str(accounts)]
    assert elsewhere(parse([*told, "--users", "3"])).people == [
        "Cookie: sessionid=x",
        "Authorization: Bearer y",
        "Account: bob secret",
    ]
    with pytest.raises(UnfitError, match="4 users need 4 sessions, and there are 3"):
        elsewhere(parse([*told, "--users", "4"]))
    with pytest.raises(UnfitError, match="3 users spread over 2 workers need 4 sessions"):
        elsewhere(parse([*told, "--users", "3", "--workers", "2"]))


@pytest.mark.parametrize("text", ["sessionid=x\n", "\x00"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    sessions = tmp_path / "sessions"
    sessions.write_text(text)
    told = ["--host", "https://chat.example.org", "--sessions", str(sessions), "--users", "1"]
    with pytest.raises(UnfitError, match="neither a cookie nor a token"):
        elsewhere(parse(told))
    with pytest.raises(UnfitError, match="cannot be read"):
        elsewhere(parse([*told[:3], str(tmp_path / "none"), *told[4:]]))
