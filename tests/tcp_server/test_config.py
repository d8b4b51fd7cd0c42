from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import pytest

from tcp_server.config import BadConfig, Config, load, networks


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
    assert (config.name_timeout, config.idle_timeout, config.grace) == (60, 60, 20)
    assert (config.max_connections, config.max_per_address) == (10_000, 64)
    assert (config.backlog, config.write_timeout) == (1024 * 1024, 10)


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
    arguments = [
        "--keep=0",
        "--grace=0",
        "--idle-timeout=0",
        "--backlog=0",
        "--max-connections=0",
        "--port=0",
    ]
    config = load(arguments, {})
    assert (config.keep, config.grace, config.idle_timeout, config.backlog, config.port) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("--port=http", "port: 'http' is not a whole number"),
        ("--port=65536", "port cannot be 65536"),
        ("--port=-1", "port cannot be -1"),
        ("--keep=1.5", "keep: '1.5' is not a whole number"),
        ("--keep=99999999999", "keep cannot be"),
        ("--grace=soon", "grace: 'soon' is not a number"),
        ("--grace=nan", "grace cannot be nan"),
        ("--write-timeout=inf", "write_timeout cannot be inf"),
        ("--durability=most", "durability is normal or full, not 'most'"),
        ("--max-text=0", "cannot be 0"),
        ("--max-name=0", "cannot be 0"),
        ("--rate=0.001", "rate is 0 for any number, or at least 0.01"),
        ("--rate=-1", "rate cannot be -1"),
        (
            "--trusted-proxy=proxy.example",
            "trusted_proxy: 'proxy.example' is neither an address nor a network",
        ),
        (
            "--trusted-proxy=10.0.0.0/8,10.0.0.1/8",
            "trusted_proxy: 10.0.0.1/8 is not a network (10.0.0.0/8 is)",
        ),
    ],
)
def test_what_cannot_be_used_is_named(argument: str, why: str) -> None:
    assert why in refused(argument)


def test_the_environment_is_checked_too() -> None:
    assert refused(ONEROOM_SERVER_PORT="") == "port: '' is not a whole number"


def test_a_slip_in_the_environment_is_told_of() -> None:
    assert refused(ONEROOM_SERVER_PASSWROD="x") == (
        "unknown setting in the environment: ONEROOM_SERVER_PASSWROD"
    )
    assert load([], {"ONEROOM_SERVER_GONE": "", "ONEROOM_WEB_GONE": "x"}) == Config()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"port = ", "room.toml: Invalid value"),
        (b"\xff", "room.toml: it is not UTF-8"),
        (b"colour = 1", "unknown setting 'colour'"),
        (b"port = []", "port: [] is not a whole number"),
        (b"[port]\nnumber = 1", "port: {'number': 1} is not a whole number"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "room.toml"
    file.write_bytes(content)
    assert why in refused("--config", str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    file = str(tmp_path / "none.toml")
    assert refused("--config", file) == f"cannot read {file}: No such file or directory"


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--help"], {})
    assert caught.value.code == 0
    said = capsys.readouterr().out
    flags = [setting.name.replace("_", "-") for setting in fields(Config) if "secret" not in setting.metadata]
    assert all(f"--{flag} " in said for flag in flags)
    assert "--password " not in said
    assert not any(word in said for word in (" STR", " INT", " FLOAT", "(default: )"))
    for word in ("--grace SECONDS", "--backlog BYTES", "--audit FILE", "export --help"):
        assert word in said
    assert "ONEROOM_SERVER_PASSWORD" in said
    assert "ONEROOM_SERVER_MODERATOR_PASSWORD" in said


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--version"], {})
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"oneroom-server {version('oneroom')}\n"


# --- addresses and secrets -----------------------------------------------------------


def test_trusted_proxies_are_addresses_and_networks() -> None:
    assert list(map(str, networks("127.0.0.1, 10.0.0.0/8,::1 ,"))) == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]
    assert networks("") == []


@pytest.mark.parametrize("name", ["password", "moderator_password"])
def test_a_password_comes_from_its_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    for content in ("сезам, откройся", "сезам, откройся\n", "сезам, откройся\r\n"):
        file.write_text(content, newline="")
        file.chmod(0o600)
        config = load([f"--{name.replace('_', '-')}-file={file}"], {})
        assert getattr(config, name) == "сезам, откройся"
        assert "сезам" not in repr(config)


def test_a_password_that_everybody_can_read_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "secret"
    file.write_text("сезам")
    file.chmod(0o644)
    load([f"--password-file={file}"], {})
    assert [record.getMessage() for record in caplog.records] == [
        f"{file} can be read by everybody on this machine"
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "there is no password in"),
        (b"\n", "there is no password in"),
        (b"\xff", "cannot read the password in"),
        (b"two\nlines", "the password has characters that cannot be typed"),
        (b"tab\tbed", "the password has characters that cannot be typed"),
        (b"x" * 257, "the password is longer than 256 characters"),
    ],
)
def test_a_password_file_that_cannot_be_used(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(0o600)
    said = refused("--password-file", str(file))
    assert why in said
    assert "lines" not in said


def test_a_password_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot read the password in" in refused("--password-file", str(tmp_path / "none"))


def test_passwords_are_no_flags() -> None:
    with pytest.raises(SystemExit):
        load(["--password", "x"], {})
    assert load([], {"ONEROOM_SERVER_PASSWORD": "x"}).password == "x"


def test_two_sources_of_one_password_are_one_too_many(tmp_path: Path) -> None:
    said = refused("--password-file", str(tmp_path / "secret"), ONEROOM_SERVER_PASSWORD="x")
    assert said == "password and password_file are both set"


def test_the_two_passwords_differ(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("\u0438\u0306")
    file.chmod(0o600)
    said = refused("--password-file", str(file), ONEROOM_SERVER_MODERATOR_PASSWORD="\u0439")
    assert said.startswith("password and moderator_password are the same")


def test_a_password_of_the_environment_that_is_no_text() -> None:
    assert "cannot be typed" in refused(ONEROOM_SERVER_PASSWORD="\udcff")
