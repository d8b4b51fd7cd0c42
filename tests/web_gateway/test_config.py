"""Where settings come from, and what is said of bad ones."""

from importlib.metadata import version
from pathlib import Path

import pytest

from chat_protocol.address import Address
from chat_protocol.settings import BadConfig
from web_gateway.config import Config, load

_NONE: dict[str, str] = {}


def test_nothing_given_means_the_defaults() -> None:
    assert load([], _NONE) == Config()


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load(["--version"], {})
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"oneroom-web {version('oneroom')}\n"


def test_flags_win_over_the_environment_and_it_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text('host = "0.0.0.0"\nport = 1\nworkers = 2\nallowed_origins = ["https://A.example/"]\n')
    environment = {"ONEROOM_WEB_PORT": "2", "ONEROOM_WEB_SERVER": "chat.example:9, [::1]", "PORT": "7"}
    flags = ["--config", str(file), "--port", "3", "--dialect", "plain"]
    assert load(flags, environment) == Config(
        host="0.0.0.0",
        port=3,
        server=(Address("chat.example", 9), Address("::1", 8080)),
        dialect="plain",
        workers=2,
        allowed_origins=("https://a.example",),
    )


def test_there_is_a_server(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text("server = []\n")
    with pytest.raises(BadConfig, match=r"^server in .*: there is no address of a room$"):
        load(["--config", str(file)], _NONE)


def test_origins_are_given_one_by_one_or_with_commas() -> None:
    both = ("https://a.example", "http://b.example:81")
    environment = {"ONEROOM_WEB_ALLOWED_ORIGINS": "https://a.example, http://b.example:81"}
    assert load([], environment).allowed_origins == both
    flags = ["--allowed-origin", "https://a.example", "--allowed-origin", "http://b.example:81"]
    assert load(flags, _NONE).allowed_origins == both


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--port", "http", "'http' is not a whole number from 0 to 65535"),
        ("--port", "70000", "'70000' is not a whole number from 0 to 65535"),
        ("--host", "", "'' is not a host name or an IP address"),
        ("--max-sessions", "0", "'0' is not a whole number from 1 to 100000"),
        ("--workers", "-1", "'-1' is not a whole number from 1 to 64"),
        ("--server", "host:port", "'host:port' is not an address like example.org:8080 (not a port: 'port')"),
        ("--dialect", "klingon", "'klingon' is not json or plain"),
        ("--allowed-origin", "example.org", "'example.org' is not an origin"),
        ("--allowed-origin", "https://example.org/page", "is not an origin"),
        ("--allowed-origin", "https://user@example.org", "is not an origin"),
        ("--allowed-origin", "null", "is not an origin"),
        ("--allowed-host", "https://example.org", "is not a host like example.org, without a port"),
        ("--allowed-host", "example.org:80", "is not a host"),
        ("--allowed-host", "abc:80", "is not a host"),
        ("--allowed-host", "", "is not a host"),
        ("--public-url", "chat", "'chat' is not an address like https://example.org/chat/"),
        ("--public-url", "https://example.org/?room=1", "is not an address like"),
        ("--public-url", "https://example.org/a b", "is not an address like"),
        ("--public-url", "ftp://example.org", "is not an address like"),
        ("--public-url", "https://user@example.org", "is not an address like"),
        ("--public-room", "https://example.org", "is not an address like example.org:8080 (not an address: "),
        ("--public-room", "example.org:port", "is not an address like example.org:8080 (not a port: 'port')"),
        ("--public-room", "; rm -rf", "is not an address like example.org:8080"),
        ("--public-room", ":8080", "is not an address like example.org:8080"),
        ("--trusted-proxy", "example.org", "is not an address or a network like 10.0.0.0/8"),
        ("--trusted-proxy", "10.0.0.1/8", "(10.0.0.0/8 is)"),
        ("--max-per-address", "-1", "'-1' is not a whole number from 0 to "),
    ],
)
def test_a_bad_setting_is_named_with_where_it_came_from(flag: str, value: str, words: str) -> None:
    with pytest.raises(BadConfig, match=f"^{flag}: ") as caught:
        load([f"{flag}={value}"], _NONE)
    assert words in str(caught.value)


def test_names_have_one_form() -> None:
    flags = ["--allowed-origin=HTTPS://Чат.РФ:443/", "--allowed-origin=http://[2001:DB8::1]:80"]
    hosts = ["--allowed-host=Чат.РФ", "--allowed-host=2001:DB8::1", "--allowed-host=[::1],LAN"]
    config = load([*flags, *hosts], _NONE)
    assert config.allowed_origins == ("https://xn--80a0bn.xn--p1ai", "http://[2001:db8::1]")
    assert config.allowed_hosts == ("xn--80a0bn.xn--p1ai", "[2001:db8::1]", "[::1]", "lan")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("HTTPS://Chat.Example:443", "https://chat.example/"),
        ("http://192.0.2.7:5000/", "http://192.0.2.7:5000/"),
        ("https://чат.рф/room-9", "https://xn--80a0bn.xn--p1ai/room-9/"),
        ("", ""),
    ],
)
def test_the_public_address_of_the_page_has_one_form_and_may_be_its_origin(given: str, used: str) -> None:
    config = load([f"--public-url={given}", "--allowed-origin=http://a"], _NONE)
    assert config.public_url == used
    assert config.origins == ("http://a", *(["/".join(used.split("/")[:3])] if used else []))


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("chat.example", "chat.example"),
        ("chat.example:8080", "chat.example"),
        ("192.0.2.7:9", "192.0.2.7:9"),
        ("::1", "::1"),
        ("[::1]:9", "[::1]:9"),
        ("чат.рф", "чат.рф"),
        ("", ""),
    ],
)
def test_the_public_room_is_as_a_terminal_client_is_given_it(given: str, used: str) -> None:
    assert load([f"--public-room={given}"], _NONE).public_room == used


def test_proxies_are_networks_or_addresses() -> None:
    config = load(["--trusted-proxy=10.0.0.0/8,::1", "--trusted-proxy", "192.0.2.1"], _NONE)
    assert [str(network) for network in config.trusted_proxies] == ["10.0.0.0/8", "::1/128", "192.0.2.1/32"]


def test_the_proxy_protocol_is_a_switch(tmp_path: Path) -> None:
    assert load(["--proxy-protocol"], _NONE).proxy_protocol
    assert not load([], {"ONEROOM_WEB_PROXY_PROTOCOL": "no"}).proxy_protocol
    file = tmp_path / "web.toml"
    file.write_text("proxy_protocol = true")
    assert load(["--config", str(file)], _NONE).proxy_protocol
    with pytest.raises(BadConfig, match=r"^ONEROOM_WEB_PROXY_PROTOCOL: 'maybe' is not true or false$"):
        load([], {"ONEROOM_WEB_PROXY_PROTOCOL": "maybe"})


def test_the_original_server_is_told_no_addresses() -> None:
    with pytest.raises(
        BadConfig, match=r"^--proxy-protocol does not go with --dialect: the original server "
    ):
        load(["--proxy-protocol", "--dialect", "plain"], _NONE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"port = ", "it is not TOML"),
        (b"\xff", "it is not UTF-8"),
        (b'prot = "5000"', "there is no setting prot in "),
        (b"port = true", ": True is not a whole number"),
        (b"port = 5.5", ": 5.5 is not a whole number"),
        (b"host = 7", ": 7 is not a host name or an IP address"),
        (b"allowed_origins = 7", ": 7 is not an origin like https://example.org"),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "web.toml"
    file.write_bytes(content)
    with pytest.raises(BadConfig) as caught:
        load(["--config", str(file)], _NONE)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(BadConfig, match=r"^cannot read nowhere\.toml: No such file"):
        load(["--config", "nowhere.toml"], _NONE)
