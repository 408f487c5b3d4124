"""Wrong options are refused with a clear message before anything starts."""

from pathlib import Path

import pytest

from loadtests.lib.identities import TargetError
from loadtests.lib.monitoring import __main__ as sampling
from loadtests.load.options import parse
from loadtests.load.targets import (
    LoadTarget,
    monitoring_arguments,
    remote_target,
)


def target_of(*arguments: str) -> LoadTarget:
    options = parse(["--host", "https://chat.example.org", *arguments])
    return remote_target(options, options.users, options.workers)


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
def test_invalid_values_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_variables_are_defaults_and_options_override_them(
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
    ("arguments", "missing"),
    [
        (["--redis", "redis://there"], ["metrics", "Postgres"]),
        (["--postgres", "postgres://there"], ["metrics", "Redis"]),
        (["--metrics", "http://there/metrics"], ["Redis", "Postgres"]),
    ],
)
def test_the_known_parts_of_a_remote_deployment_are_sampled_and_the_others_named(
    arguments: list[str], missing: list[str]
) -> None:
    given = monitoring_arguments(parse(["--host", "https://chat.example.org", *arguments]))
    seen = sampling.deployment(sampling.parse([*given, "--out", "file"]))
    assert all(any(name in one for one in seen.unseen) for name in missing)
    assert len(seen.unseen) == len(missing) + 1
    assert monitoring_arguments(parse(["--host", "https://chat.example.org"])) == []


def test_a_remote_target_needs_users() -> None:
    with pytest.raises(TargetError, match=r"needs users to sign in: .* pass --sessions FILE"):
        target_of("--users", "5")


def test_sessions_and_accounts_are_identities_and_there_must_be_enough(tmp_path: Path) -> None:
    sessions, accounts = tmp_path / "sessions", tmp_path / "accounts"
    sessions.write_text("Cookie: sessionid=x\nAuthorization: Bearer y\n")
    accounts.write_text("bob secret\n")
    given = ["--sessions", str(sessions), "--accounts", str(accounts)]
    assert target_of(*given, "--users", "3").identities == [
        "Cookie: sessionid=x",
        "Authorization: Bearer y",
        "Account: bob secret",
    ]
    with pytest.raises(TargetError, match="4 users need 4 sessions, and there are 3"):
        target_of(*given, "--users", "4")
    with pytest.raises(TargetError, match="3 users spread over 2 workers need 4 sessions"):
        target_of(*given, "--users", "3", "--workers", "2")


@pytest.mark.parametrize("text", ["sessionid=x\n", "\x00"])
def test_a_file_without_identities_is_refused(tmp_path: Path, text: str) -> None:
    sessions = tmp_path / "sessions"
    sessions.write_text(text)
    with pytest.raises(TargetError, match="neither a cookie nor a token"):
        target_of("--sessions", str(sessions), "--users", "1")
    with pytest.raises(TargetError, match="cannot be read"):
        target_of("--sessions", str(tmp_path / "none"), "--users", "1")
