"""The environment configures Hubbub. Each invalid value gives one message.

Secrets can be read from files.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hubbub.environment import Environment
from loadtests.lib.servers.fork_server import run_program
from loadtests.lib.servers.process import ROOT

DEPLOYMENT = {"DATABASE_URL": "postgres://hubbub@127.0.0.1:1/hubbub", "SECRET_KEY": "k"}


def manage(
    directory: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with this environment, but without any other variable of ours."""
    return run_program(
        [sys.executable, str(ROOT / "app/manage.py"), *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(directory), **environment},
    )


def show(directory: Path, *names: str, **environment: str) -> list[str]:
    """Return the values of settings in a process with this environment."""
    code = "from django.conf import settings as s\n"
    code += "\n".join(f"print(s.{name})" for name in names)
    shown = manage(directory, "shell", "--no-imports", "--command", code, **environment)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.splitlines()


def test_env_example_lists_every_variable_with_its_default() -> None:
    settings = (ROOT / "app/hubbub/settings.py").read_text()
    read = re.findall(r'env\.\w+\(\s*"(\w+)", default=("[^"]*"|[\w.]+)\)', settings)
    example = (ROOT / ".env.example").read_text()
    listed = re.findall(r"^# ([A-Z_]+)=(.*)$", example, re.MULTILINE)
    names = [name for name, _ in listed]
    assert sorted(names) == sorted(set(re.findall(r'env\.\w+\(\s*"(\w+)"', settings)))
    for name, default in read:
        assert normal(dict(listed)[name]) == normal(default), name


def normal(default: str) -> str:
    text = default.strip("\"'").replace("_", "")
    try:
        return str(float({"True": "1", "False": "0"}.get(text, text)))
    except ValueError:  # the value is not a number
        return text


def test_a_deployment_needs_a_secret_key(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", DATABASE_URL=DEPLOYMENT["DATABASE_URL"])
    assert done.returncode != 0
    assert done.stderr.startswith("SECRET_KEY is not set.")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["--help", "collectstatic"])
def test_some_commands_need_no_secret_key(tmp_path: Path, command: str) -> None:
    flags = [] if command == "--help" else ["--dry-run", "--no-input", "--verbosity=0"]
    done = manage(
        tmp_path,
        command,
        *flags,
        DATABASE_URL=DEPLOYMENT["DATABASE_URL"],
        STATIC_ROOT=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr


def test_the_embedded_default_keeps_its_secret_key(tmp_path: Path) -> None:
    first = show(tmp_path, "SECRET_KEY", "DEBUG", "EMBEDDED")
    assert first == show(tmp_path, "SECRET_KEY", "DEBUG", "EMBEDDED")
    assert first[1:] == ["False", "True"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PUBLIC_URL", "chat.example.org", "PUBLIC_URL is 'chat.example.org'"),
        ("PUBLIC_URL", "https://example.org/chat", "without a path"),
        ("PUBLIC_URL", "http://[", "PUBLIC_URL is"),
        ("DATABASE_URL", "hubbub", "DATABASE_URL isn't valid"),
        (
            "DATABASE_URL",
            "postgres://user:hunter2@host:port/name",
            "DATABASE_URL isn't valid",
        ),
        ("DATABASE_URL", "mysql://host/name", "DATABASE_URL isn't valid"),
        ("DATABASE_URL", "postgres://host", "DATABASE_URL isn't valid"),
        ("REDIS_URL", "localhost:6379", "REDIS_URL isn't valid"),
        ("EMAIL_URL", "mail.example.org", "EMAIL_URL isn't valid"),
        ("MAX_BODY_CHARS", "many", "MAX_BODY_CHARS is 'many'. It must be a whole number."),
        ("REALTIME_THREADS", "0", "REALTIME_THREADS is '0'. It must be at least 1."),
        ("DRAIN_SECONDS", "-1", "DRAIN_SECONDS is '-1'. It must be at least 0."),
        ("MESSAGES_PER_SECOND", "0", "MESSAGES_PER_SECOND is '0'. It must be greater than 0."),
        ("COMMANDS_PER_SECOND", "nan", "COMMANDS_PER_SECOND is 'nan'. It must be greater than 0."),
        ("DEBUG", "perhaps", "DEBUG is 'perhaps'. It must be 1 or 0."),
        ("SECRET_KEY_FILE", "/nowhere", "Can't read the file that SECRET_KEY_FILE names"),
        ("DATA_DIR", "/dev/null/data", "Set DATA_DIR to another path"),
    ],
)
def test_an_invalid_value_ends_with_one_message(
    tmp_path: Path, variable: str, value: str, message: str
) -> None:
    environment = {"SECRET_KEY": "k", "DATA_DIR": str(tmp_path)} | {variable: value}
    done = manage(tmp_path, "check", **environment)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "hunter2" not in done.stderr


def test_an_unreachable_database_gives_one_message(tmp_path: Path) -> None:
    done = manage(tmp_path, "migrate", **DEPLOYMENT)
    assert done.returncode == 1
    assert done.stderr.startswith("Can't reach the database:")
    assert "Traceback" not in done.stderr


def test_a_variable_may_be_a_file_and_its_last_newline_is_ignored(tmp_path: Path) -> None:
    for name, text in {"key": "$ecret\n", "database": "postgres://u@host/name\n"}.items():
        (tmp_path / name).write_text(text)
    shown = show(
        tmp_path,
        "SECRET_KEY",
        "DATABASES['default']['NAME']",
        "EMBEDDED",
        SECRET_KEY_FILE=str(tmp_path / "key"),
        DATABASE_URL_FILE=str(tmp_path / "database"),
    )
    assert shown == ["$ecret", "name", "False"]


def test_turning_off_redis_verification_applies_to_cache_and_channel_layer(tmp_path: Path) -> None:
    urls = "rediss://:pw@one:1?ssl_cert_reqs=required&db=2,redis://two:2/1,rediss://three:3"
    names = ("REDIS_HOSTS", "CACHES['default']['LOCATION']")
    layer = "[host['address'] for host in s.CHANNEL_LAYERS['default']['CONFIG']['hosts']]"
    strict = show(tmp_path, *names, REDIS_URL=urls)
    assert strict == [str(urls.split(",")), urls.split(",")[0]]
    unverified = [
        "rediss://:pw@one:1?db=2&ssl_cert_reqs=none",
        *("redis://two:2/1", "rediss://three:3?ssl_cert_reqs=none"),
    ]
    chosen = {"REDIS_URL": urls, "REDIS_TLS_VERIFY": "0"}
    assert show(tmp_path, *names, **chosen) == [str(unverified), unverified[0]]
    assert show(tmp_path, f"REDIS_URL and {layer}", **chosen) == [str(unverified)]


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_BODY_CHARS", "")
    monkeypatch.setenv("DEBUG", " ")
    env = Environment()
    assert env.int("MAX_BODY_CHARS", default=8_000) == 8_000
    assert env.bool("DEBUG", default=False) is False


def test_public_url_sets_hosts_origins_and_cookies(tmp_path: Path) -> None:
    names = ("ALLOWED_HOSTS[-1]", "CSRF_TRUSTED_ORIGINS", "SESSION_COOKIE_SECURE")
    secure = show(tmp_path, *names, PUBLIC_URL="https://chat.example.org/")
    assert secure == ["chat.example.org", "['https://chat.example.org']", "True"]
    plain = show(tmp_path, *names, PUBLIC_URL="http://intranet:8080")
    assert plain == ["intranet", "['http://intranet:8080']", "False"]
