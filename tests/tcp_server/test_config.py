from dataclasses import fields
from pathlib import Path

import pytest

from tcp_server.config import BadConfig, Config, load


def refused(*arguments: str, **environment: str) -> str:
    with pytest.raises(BadConfig) as caught:
        load(arguments, environment)
    return str(caught.value)


def test_defaults() -> None:
    config = load([], {})
    assert config == Config()
    assert (config.host, config.port) == ("0.0.0.0", 8080)
    assert config.history.endswith("history.db")
    assert config.durability == "normal"
    assert (config.max_name, config.max_text, config.max_replay) == (32, 4000, 500)
    assert (config.name_timeout, config.silence, config.grace) == (60, 60, 20)
    assert (config.max_connections, config.max_per_address) == (10_000, 64)
    assert (config.backlog, config.stall) == (1024 * 1024, 10)


def test_each_layer_overrides_the_one_below(tmp_path: Path) -> None:
    file = tmp_path / "room.toml"
    file.write_text('host = "127.0.0.1"\nport = 1\ngrace = 2\nkeep = 3\n')
    environment = {"ONEROOM_SERVER_PORT": "4", "ONEROOM_SERVER_GRACE": "5.5", "ONEROOM_WEB_PORT": "9"}
    config = load(["--config", str(file), "--grace", "6"], environment)
    assert config == Config().replace(host="127.0.0.1", port=4, grace=6.0, keep=3)


def test_every_setting_is_a_flag_a_variable_and_a_key(tmp_path: Path) -> None:
    for setting in fields(Config):
        if "secret" in setting.metadata or setting.name.endswith("_file"):
            continue
        value = {"host": "::1", "history": "off", "durability": "full", "trusted_proxy": "::1"}.get(
            setting.name, "7"
        )
        kind = type(getattr(Config(), setting.name))
        wanted = Config().replace(**{setting.name: kind(value)})
        assert load([f"--{setting.name.replace('_', '-')}={value}"], {}) == wanted
        assert load([], {f"ONEROOM_SERVER_{setting.name.upper()}": value}) == wanted
        file = tmp_path / f"{setting.name}.toml"
        file.write_text(f"{setting.name} = {value if value == '7' else repr(value)}\n")
        assert load([f"--config={file}"], {}) == wanted


def test_zero_is_none_where_that_makes_sense() -> None:
    arguments = ["--keep=0", "--grace=0", "--silence=0", "--backlog=0", "--max-connections=0", "--port=0"]
    config = load(arguments, {})
    assert (config.keep, config.grace, config.silence, config.backlog, config.port) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("--port=http", "port takes int, not 'http'"),
        ("--port=65536", "port cannot be 65536"),
        ("--port=-1", "port cannot be -1"),
        ("--keep=1.5", "keep takes int"),
        ("--keep=99999999999", "keep cannot be"),
        ("--grace=soon", "grace takes float, not 'soon'"),
        ("--grace=nan", "grace cannot be nan"),
        ("--stall=inf", "stall cannot be inf"),
        ("--durability=most", "durability is normal or full, not 'most'"),
        ("--max-text=0", "cannot be 0"),
        ("--max-name=0", "cannot be 0"),
    ],
)
def test_what_cannot_be_used_is_named(argument: str, why: str) -> None:
    assert why in refused(argument)


def test_the_environment_is_checked_too() -> None:
    assert "port takes int, not ''" in refused(ONEROOM_SERVER_PORT="")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"port = ", "cannot read"),
        (b"\xff", "cannot read"),
        (b"colour = 1", "unknown setting 'colour'"),
        (b"port = []", "port takes int"),
        (b"[port]\nnumber = 1", "port takes int"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "room.toml"
    file.write_bytes(content)
    assert why in refused("--config", str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot read" in refused("--config", str(tmp_path / "none.toml"))


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--help"], {})
    assert caught.value.code == 0
    said = capsys.readouterr().out
    flags = [setting.name.replace("_", "-") for setting in fields(Config) if "secret" not in setting.metadata]
    assert all(f"--{flag} " in said for flag in flags)
    assert "--password " not in said
