from importlib.metadata import version
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest

from chat_protocol.ip import to_network
from chat_protocol.settings import BadConfig
from tcp_server.config import PROGRAM, Config, Reservation, load
from tcp_server.redis_url import parse


def refused(*arguments: str, **environment: str) -> str:
    with pytest.raises(BadConfig) as caught:
        load(arguments, environment)
    return str(caught.value)


def test_defaults() -> None:
    config = load([], {})
    assert config == Config()
    assert (config.host, config.port) == (("0.0.0.0",), 8080)
    assert config.history.endswith("history.db")
    assert config.durability == "normal"
    assert (config.max_name, config.max_text, config.max_replay) == (32, 4000, 500)
    assert (config.name_timeout, config.idle_timeout, config.grace) == (60, 150, 20)
    assert (config.max_connections, config.max_per_address) == (10_000, 64)
    assert (config.backlog, config.write_timeout) == (1024 * 1024, 10)


def test_each_layer_overrides_the_one_below(tmp_path: Path) -> None:
    file = tmp_path / "room.toml"
    file.write_text('host = "127.0.0.1"\nport = 1\ngrace = 2\nkeep = 3\n')
    environment = {"ONEROOM_SERVER_PORT": "4", "ONEROOM_SERVER_GRACE": "5.5", "ONEROOM_WEB_PORT": "9"}
    config = load(["--config", str(file), "--grace", "6"], environment)
    assert config == Config().replace(host=("127.0.0.1",), port=4, grace=6.0, keep=3)


def test_every_setting_is_a_flag_a_variable_and_a_key(tmp_path: Path) -> None:
    texts: dict[str, tuple[str, Any]] = {
        "host": ("::1", ("::1",)),
        "history": ("off", "off"),
        "durability": ("full", "full"),
        "trusted_proxies": ("::1", (to_network("::1"),)),
        "audit": ("acts", "acts"),
        "record": ("entries", "entries"),
        "status": (":9", "127.0.0.1:9"),
        "log_level": ("error", "error"),
        "log_format": ("text", "text"),
        "log_addresses": ("true", True),
    }
    texts |= {"title": ("Класс 9Б", "Класс 9Б"), "welcome": ("Привет!", "Привет!")}
    texts["cluster"] = "redis://a", parse("redis://a")
    texts["node"] = "a", "a"
    token = tmp_path / "ci.token"
    token.write_text("0" * 32)
    reservation = Reservation("ci", str(token), Reservation.digest_of("0" * 32))
    texts["reserve"] = f"ci={token}", (reservation,)
    for name, setting in PROGRAM.settings.items():
        if setting.is_secret or name.endswith("_file"):
            continue
        text, value = texts.get(name, ("7", 7))
        wanted = Config().replace(**{name: value})
        if name == "cluster":
            wanted = wanted.replace(node=gethostname()[:64])
        flag = setting.flag or "--" + name.replace("_", "-")
        assert load([flag if setting.type is bool else f"{flag}={text}"], {}) == wanted
        assert load([], {f"ONEROOM_SERVER_{name.upper()}": text}) == wanted
        file = tmp_path / f"{name}.toml"
        file.write_text(f"{name} = {text if text == '7' else repr(text)}\n")
        assert load([f"--config={file}"], {}) == wanted


def test_the_status_port_is_given() -> None:
    assert refused("--status=9100") == (
        "--status: '9100' is not an address like 127.0.0.1:9100 (with a port; 0: a free one)"
    )


def test_the_title_and_the_welcome_are_one_short_line_each() -> None:
    assert refused(f"--title={'x' * 65}") == (
        f"--title: '{'x' * 65}' is not one line of at most 64 characters (it has 65)"
    )
    for text in ("a\nb", "a\tb", "a\x1b[1mb", "a\u202eb", "\udcff"):
        assert refused(f"--welcome={text}") == (
            f"--welcome: {text!r} is not one line of at most 280 characters (it has control characters)"
        )
    assert "(it shows nothing)" in refused("--title= \u2800")


def test_zero_means_none_where_that_makes_sense() -> None:
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


def test_a_byte_order_mark_begins_a_file(tmp_path: Path) -> None:
    file = tmp_path / "room.toml"
    file.write_text("\ufeffport = 7777\r\n", newline="")
    assert load(["--config", str(file)], {}).port == 7777


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("--host=", "--host: '' is not a host name or an IP address"),
        ("--host= ", "--host: ' ' is not a host name or an IP address"),
        ("--host=*", "--host: '*' is not a host name or an IP address"),
        ("--host=[::1]", "--host: '[::1]' is not a host name or an IP address (without brackets: ::1)"),
        (
            "--host=::1,127.0.0.1:8080",
            "--host: '127.0.0.1:8080' is not a host name or an IP address (the port is a setting of its own)",
        ),
        ("--port=http", "--port: 'http' is not a whole number from 0 to 65535"),
        ("--port=65536", "--port: '65536' is not a whole number from 0 to 65535"),
        ("--port=-1", "--port: '-1' is not a whole number from 0 to 65535"),
        ("--keep=1.5", "--keep: '1.5' is not a whole number from 0 to 2147483647"),
        ("--keep=99999999999", "--keep: '99999999999' is not a whole number from 0 to 2147483647"),
        ("--grace=soon", "--grace: 'soon' is not a number from 0 to 2147483647"),
        ("--grace=nan", "--grace: 'nan' is not a number from 0 to 2147483647"),
        ("--write-timeout=inf", "--write-timeout: 'inf' is not a number from 0 to 2147483647"),
        ("--durability=most", "--durability: 'most' is not normal or full"),
        ("--max-text=0", "--max-text: '0' is not a whole number from 1 to 2147483647"),
        ("--max-name=0", "--max-name: '0' is not a whole number from 1 to 2147483647"),
        ("--rate=0.001", "--rate: 0.001 is neither 0 nor at least 0.01"),
        ("--rate=-1", "--rate: '-1' is not a number from 0 to 2147483647"),
        (
            "--trusted-proxy=proxy.example",
            "--trusted-proxy: 'proxy.example' is not an address or a network like 10.0.0.0/8",
        ),
        (
            "--trusted-proxy=10.0.0.0/8,10.0.0.1/8",
            "--trusted-proxy: '10.0.0.1/8' is not an address or a network like 10.0.0.0/8 (10.0.0.0/8 is)",
        ),
    ],
)
def test_an_invalid_value_is_named(argument: str, why: str) -> None:
    assert refused(argument) == why


def test_the_environment_is_checked_too() -> None:
    assert refused(ONEROOM_SERVER_PORT="") == (
        "ONEROOM_SERVER_PORT: '' is not a whole number from 0 to 65535"
    )


def test_a_misspelt_variable_is_reported() -> None:
    assert refused(ONEROOM_SERVER_PASSWROD="x") == (
        "there is no setting ONEROOM_SERVER_PASSWROD; did you mean ONEROOM_SERVER_PASSWORD?"
    )
    assert load([], {"ONEROOM_SERVER_GONE": "", "ONEROOM_WEB_GONE": "x"}) == Config()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"port = ", "cannot read room.toml: it is not TOML: Invalid value"),
        (b"\xff", "cannot read room.toml: it is not UTF-8"),
        (b"colour = 1", "there is no setting colour in room.toml"),
        (b"port = []", "port in room.toml: [] is not a whole number"),
        (b"[port]\nnumber = 1", "port in room.toml: {'number': 1} is not a whole number"),
        (b"rate = 0.001", "rate in room.toml: 0.001 is neither 0 nor at least 0.01"),
    ],
)
def test_an_invalid_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("room.toml").write_bytes(content)
    assert refused("--config", "room.toml").startswith(why)


def test_a_missing_file(tmp_path: Path) -> None:
    file = str(tmp_path / "none.toml")
    assert refused("--config", file) == f"cannot read {file}: No such file or directory"


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--help"], {})
    assert caught.value.code == 0
    said = capsys.readouterr().out
    flags = [
        PROGRAM.written_in(name, "flag")
        for name, setting in PROGRAM.settings.items()
        if not setting.is_secret
    ]
    assert all(f"{flag} " in said for flag in flags)
    assert not any(flag in said for flag in ("--silence", "--stall", "--farewell"))
    assert "--password " not in said
    assert not any(word in said for word in (" STR", " INT", " FLOAT", "(default: )"))
    for word in ("--grace SECONDS", "--backlog BYTES", "--audit FILE", "export --help"):
        assert word in said
    assert "ONEROOM_SERVER_PASSWORD" in said
    assert "ONEROOM_SERVER_MODERATOR_PASSWORD" in said


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--version"], {})
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"oneroom-server {version('oneroom')}\n"


# --- addresses and secrets -----------------------------------------------------------


def test_trusted_proxies_are_addresses_and_networks() -> None:
    assert list(map(str, load(["--trusted-proxy=127.0.0.1, 10.0.0.0/8,::1 ,"], {}).trusted_proxies)) == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]
    assert load([], {"ONEROOM_SERVER_TRUSTED_PROXIES": ""}).trusted_proxies == ()


def test_trusted_proxies_may_be_given_one_by_one() -> None:
    flags = ["--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8,::1"]
    assert list(map(str, load(flags, {}).trusted_proxies)) == ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("silence", "idle_timeout"), ("stall", "write_timeout"), ("farewell", "close_timeout")],
)
def test_a_former_name_still_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, old: str, new: str
) -> None:
    wanted = Config().replace(**{new: 7.0})
    file = tmp_path / "room.toml"
    file.write_text(f"{old} = 7")
    assert load([f"--{old}=7"], {}) == wanted
    assert load([], {f"ONEROOM_SERVER_{old.upper()}": "7"}) == wanted
    assert load(["--config", str(file)], {}) == wanted
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        f"--{old} is now called --{new.replace('_', '-')}",
        f"ONEROOM_SERVER_{old.upper()} is now called ONEROOM_SERVER_{new.upper()}",
        f"{old} in {file} is now called {new}",
    ]


def test_a_former_name_may_have_the_flag_of_the_present_one(caplog: pytest.LogCaptureFixture) -> None:
    wanted = Config().replace(trusted_proxies=(to_network("::1"),))
    assert load(["--trusted-proxy=::1"], {}) == wanted
    assert not caplog.records
    assert load([], {"ONEROOM_SERVER_TRUSTED_PROXY": "::1"}) == wanted
    (record,) = caplog.records
    assert "is now called ONEROOM_SERVER_TRUSTED_PROXIES" in record.getMessage()


@pytest.mark.parametrize("name", ["password", "moderator_password"])
def test_a_password_is_read_from_its_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    for content in ("сезам, откройся", "сезам, откройся\n", "\ufeffсезам, откройся\r\n"):
        file.write_text(content, newline="")
        file.chmod(0o600)
        config = load([f"--{name.replace('_', '-')}-file={file}"], {})
        assert getattr(config, name) == "сезам, откройся"
        assert "сезам" not in repr(config)


def test_a_world_readable_password_file_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
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
        (b"\xff", "--password-file: cannot read "),
        (b"two\nlines", "is not a password of at most 256 characters that can be typed"),
        (b"tab\tbed", "is not a password of at most 256 characters that can be typed"),
        (b"x" * 257, "is not a password of at most 256 characters that can be typed"),
    ],
)
def test_an_invalid_password_file(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(0o600)
    said = refused("--password-file", str(file))
    assert said.startswith("--password-file: ")
    assert why in said
    assert "lines" not in said


def test_a_missing_password_file(tmp_path: Path) -> None:
    file = str(tmp_path / "none")
    said = refused("--password-file", file)
    assert said == f"--password-file: cannot read {file}: No such file or directory"


def test_passwords_are_not_flags() -> None:
    with pytest.raises(SystemExit):
        load(["--password", "x"], {})
    assert load([], {"ONEROOM_SERVER_PASSWORD": "x"}).password == "x"


def test_two_sources_of_one_password_are_refused(tmp_path: Path) -> None:
    said = refused("--password-file", str(tmp_path / "secret"), ONEROOM_SERVER_PASSWORD="x")
    assert said == "ONEROOM_SERVER_PASSWORD and --password-file are both given: only one may be"


def test_the_two_passwords_differ(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("\u0438\u0306")
    file.chmod(0o600)
    said = refused("--password-file", str(file), ONEROOM_SERVER_MODERATOR_PASSWORD="\u0439")
    assert said.startswith("password and moderator_password are the same")


def test_a_password_variable_that_is_not_utf8() -> None:
    said = refused(ONEROOM_SERVER_PASSWORD="\udcff")
    assert said == (
        "ONEROOM_SERVER_PASSWORD: its text is not a password of at most 256 characters that can be typed"
    )


def test_a_password_is_taken_unchanged_and_never_shown(tmp_path: Path) -> None:
    assert load([], {"ONEROOM_SERVER_PASSWORD": " сезам "}).password == " сезам "
    file = tmp_path / "room.toml"
    file.write_text("password = 1234")
    said = refused("--config", str(file))
    assert said.startswith(f"password in {file}: its text is not a password")
    assert "1234" not in said


def test_a_server_of_a_cluster_has_a_name() -> None:
    assert load(["--cluster=redis://a"], {}).node == gethostname()[:64]
    assert load(["--cluster=redis://a", "--node=b"], {}).node == "b"
    assert load([], {"ONEROOM_SERVER_CLUSTER": ""}).cluster is None


def test_a_cluster_keeps_its_copy_on_disk_and_no_recording() -> None:
    for history in ("memory", "off"):
        text = refused("--cluster=redis://a", f"--history={history}")
        assert text == (
            "--history: a server of a cluster keeps its copy of the room on disk, to go on from there, "
            f"and history is {history}"
        )
    text = refused("--cluster=redis://a", "--record=entries")
    assert text == "--record: in a cluster the entries are in Redis, and are not recorded too"


@pytest.mark.parametrize(
    "url", ["redis://:s3cret@a", "redis://u:s3cret@a", "redis+sentinel://a/s?sentinel_password=s3cret"]
)
def test_a_password_of_redis_is_no_flag_and_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, url: str
) -> None:
    assert "ONEROOM_SERVER_CLUSTER" in (text := refused("--cluster", url))
    assert "s3cret" not in text
    assert "s3cret" not in refused(ONEROOM_SERVER_CLUSTER=url.replace("redis", "http"))
    assert "s3cret" not in refused(ONEROOM_SERVER_CLUSTER=url + "#x")
    config = load([], {"ONEROOM_SERVER_CLUSTER": url})
    assert config.cluster is not None
    assert config.cluster.has_password
    assert "s3cret" not in repr(config)
    assert "s3cret" not in str(config.changed())
    file = tmp_path / "server.toml"
    file.write_text(f'cluster = "{url}"\n')
    file.chmod(0o600)
    load(["--config", str(file)], {})
    assert not caplog.messages
    file.chmod(0o644)
    with pytest.raises(SystemExit):
        load(["--config", str(file), "--print-config"], {})
    assert "s3cret" not in capsys.readouterr().out
    assert caplog.messages == [f"{file} can be read by everybody on this machine"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ci", "'ci' is not a name and a file"),
        ("=token", "is not a name and a file"),
        ("c:i=token", "is not a name and a file"),
        ("ci=missing", "cannot read missing: No such file or directory"),
        ("ci=short", "short needs a token of at least 32 characters"),
    ],
)
def test_a_reserved_name_needs_a_token(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short").write_text("0" * 31)
    with pytest.raises(BadConfig, match=f"--reserve: .*{reason}"):
        load([f"--reserve={text}"], {})
