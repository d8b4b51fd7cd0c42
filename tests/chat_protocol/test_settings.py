"""The settings loader with a small program: what overrides what, what is refused, and how it says so."""

import dataclasses
import logging
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import pytest

from chat_protocol.settings import (
    BadConfig,
    Count,
    FilePath,
    Networks,
    Port,
    Program,
    Seconds,
    Settings,
    about,
)


class Config(Settings, frozen=True):
    port: Annotated[Port, about("where it listens")] = 5000
    keep: Annotated[Count, about("how many are kept; 100 % of them")] = 3
    timeout: Annotated[Seconds, about("how long it waits", was="patience")] = 1.5
    kind: Annotated[Literal["json", "plain"], about("what it speaks")] = "json"
    loud: Annotated[bool, about("whether it is loud")] = False
    log: Annotated[FilePath, about("where it writes")] = ""
    friends: Annotated[Networks, about("who is a friend", flag="--friend")] = ()
    secret: Annotated[str, about("what nobody may know", secret=True)] = ""


def check(config: Config, written: Mapping[str, str]) -> Config:
    if config.port and config.port == config.keep:
        raise BadConfig(f"{written['port']} and {written['keep']} are the same")
    return config.replace(keep=config.keep + 1)


PROGRAM = Program("parrot", "PARROT_", Config, check, "Says what it hears.", "That is all.")


def load(*arguments: str, **environment: str) -> Config:
    return PROGRAM.load(arguments, environment)


def refused(*arguments: str, **environment: str) -> str:
    with pytest.raises(BadConfig) as caught:
        load(*arguments, **environment)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def file_with(tmp_path: Path, content: str) -> str:
    file = tmp_path / "parrot.toml"
    file.write_text(content)
    return f"--config={file}"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> list[str]:
    with pytest.raises(SystemExit) as ended:
        load(*arguments, "--print-config", **environment)
    assert ended.value.code == 0
    return capsys.readouterr().out.splitlines()


# --- values ----------------------------------------------------------------------------


def test_each_layer_overrides_the_one_below(tmp_path: Path) -> None:
    file = file_with(tmp_path, "port = 1\nkeep = 1\ntimeout = 1\n")
    config = load(file, "--port=3", PARROT_PORT="2", PARROT_KEEP="2")
    assert (config.port, config.keep, config.timeout, config.kind) == (3, 2 + 1, 1.0, "json")


def test_a_number_may_be_a_text_in_the_file_and_have_spaces(tmp_path: Path) -> None:
    assert load(file_with(tmp_path, 'port = " 80 "')).port == 80


@pytest.mark.parametrize("value", ["true", "True", "1", "yes"])
def test_a_switch_is_switched_on(tmp_path: Path, value: str) -> None:
    assert load(PARROT_LOUD=value).loud
    assert load("--loud").loud
    assert load(file_with(tmp_path, "loud = true")).loud
    assert not load(file_with(tmp_path, "loud = true"), PARROT_LOUD="no").loud


@pytest.mark.parametrize("content", ['["::1", "10.0.0.0/8"]', '"::1, 10.0.0.0/8,"', '["::1,10.0.0.0/8"]'])
def test_a_list_is_a_list_or_has_commas(tmp_path: Path, content: str) -> None:
    assert list(map(str, load(file_with(tmp_path, f"friends = {content}")).friends)) == [
        "::1/128",
        "10.0.0.0/8",
    ]


def test_a_list_may_be_given_again_and_replaces_the_one_below() -> None:
    config = load("--friend=::1", "--friend", "10.0.0.0/8,192.0.2.1", PARROT_FRIENDS="192.0.2.2")
    assert list(map(str, config.friends)) == ["::1/128", "10.0.0.0/8", "192.0.2.1/32"]
    assert load(PARROT_FRIENDS="").friends == ()


def test_the_home_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file_with(tmp_path, 'log = "~/from-file"')
    assert load("--config=~/parrot.toml").log == f"{tmp_path}/from-file"
    assert load("--log=~/flag").log == f"{tmp_path}/flag"
    assert load(PARROT_LOG="~/variable").log == f"{tmp_path}/variable"
    assert load("--log=~no-such-user/x").log == "~no-such-user/x"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load().port = 1  # type: ignore[misc]
    assert load().replace(port=1).port == 1


# --- what is refused -------------------------------------------------------------------


def test_a_bad_value_is_named_as_the_user_wrote_it(tmp_path: Path) -> None:
    rule = "is not a whole number from 0 to 65535"
    file = file_with(tmp_path, "port = 70000")
    assert refused("--port=70000") == f"--port: '70000' {rule}"
    assert refused(PARROT_PORT="70000") == f"PARROT_PORT: '70000' {rule}"
    assert refused(file) == f"port in {tmp_path}/parrot.toml: 70000 {rule}"
    assert refused("--friend=10.0.0.1/8") == (
        "--friend: '10.0.0.1/8' is not an address or a network like 10.0.0.0/8 (10.0.0.0/8 is)"
    )
    assert refused("--friend=") == "--friend: '' is not an address or a network like 10.0.0.0/8"
    assert refused("--kind=morse") == "--kind: 'morse' is not json or plain"
    assert refused(PARROT_LOUD="") == "PARROT_LOUD: '' is not true or false"
    assert refused("--timeout=nan") == "--timeout: 'nan' is not a number from 0 to 2147483647"


@pytest.mark.parametrize(
    "value", ["1979-05-27", "1979-05-27T07:32:00Z", "[1]", "{a = 1}", "nan", "true", '""']
)
def test_values_of_no_use_are_refused(tmp_path: Path, value: str) -> None:
    for key in ("port", "timeout", "friends", "kind"):
        if (key, value) != ("friends", '""'):
            assert refused(file_with(tmp_path, f"{key} = {value}")).startswith(f"{key} in ")


def test_a_secret_is_not_quoted(tmp_path: Path) -> None:
    said = refused(file_with(tmp_path, "secret = 1234"))
    assert said == f"secret in {tmp_path}/parrot.toml: its text is not a text"


def test_what_does_not_fit_together_is_named_as_the_user_wrote_it(tmp_path: Path) -> None:
    assert refused(file_with(tmp_path, "keep = 7"), PARROT_PORT="7") == (
        f"PARROT_PORT and keep in {tmp_path}/parrot.toml are the same"
    )
    assert refused("--port=3") == "--port and keep are the same"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("prot", "; did you mean port?"),
        ("time-out", "; did you mean timeout?"),
        ("Port", "; did you mean port?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(tmp_path: Path, key: str, hint: str) -> None:
    assert refused(file_with(tmp_path, f"{key} = 1")) == (
        f"there is no setting {key} in {tmp_path}/parrot.toml{hint}"
    )


def test_an_unknown_variable_is_refused_with_the_nearest() -> None:
    assert refused(PARROT_PROT="5") == "there is no setting PARROT_PROT; did you mean PARROT_PORT?"
    assert refused(PARROT_MIX="5") == "there is no setting PARROT_MIX"
    assert refused(PARROT_port="5").startswith("there is no setting PARROT_port")
    assert load(PARROT_PROT="", PARROTS_PORT="5", PORT="5", PARROT="5").port == 5000


def test_what_kubernetes_injects_is_left_alone() -> None:
    tcp = "tcp://10.0.0.1:8080"
    assert (
        load(
            PARROT_SERVICE_HOST="10.0.0.1",
            PARROT_SERVICE_PORT="8080",
            PARROT_SERVICE_PORT_HTTP="8080",
            PARROT_PORT=tcp,
            PARROT_PORT_8080_TCP=tcp,
            PARROT_PORT_8080_TCP_PROTO="tcp",
            PARROT_PORT_8080_TCP_PORT="8080",
            PARROT_PORT_8080_TCP_ADDR="10.0.0.1",
            PARROT_METRICS_SERVICE_HOST="10.0.0.2",
            PARROT_METRICS_PORT="udp://10.0.0.2:1",
            PARROT_METRICS_PORT_1_UDP_ADDR="10.0.0.2",
        ).port
        == 5000
    )
    assert refused(PARROT_KEEP=tcp).startswith("PARROT_KEEP: ")
    assert refused(PARROT_PORT_80="80").startswith("there is no setting PARROT_PORT_80")


def test_unknown_and_shortened_flags_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--prot=1", "--por=1", "--secret=x", "--print"):
        with pytest.raises(SystemExit) as ended:
            load(flag)
        assert ended.value.code == 2
        assert f"unrecognized arguments: {flag}" in capsys.readouterr().err


# --- former names ----------------------------------------------------------------------


def test_a_former_name_works_and_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = file_with(tmp_path, "patience = 7")
    assert load("--patience=7").timeout == load(PARROT_PATIENCE="7").timeout == load(file).timeout == 7
    rest = "; the old name works for one more release"
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "--patience is now called --timeout" + rest),
        (logging.WARNING, "PARROT_PATIENCE is now called PARROT_TIMEOUT" + rest),
        (logging.WARNING, f"patience in {tmp_path}/parrot.toml is now called timeout" + rest),
    ]
    assert load(file, "--patience=8").timeout == 8


def test_both_names_are_one_too_many(tmp_path: Path) -> None:
    rest = "are the same setting: give only one of them"
    file = file_with(tmp_path, "patience = 7")
    assert refused("--patience=7", "--timeout=7") == f"--patience and --timeout {rest}"
    assert refused(file, "--timeout=7") == f"patience in {tmp_path}/parrot.toml and --timeout {rest}"
    assert refused("--patience=7", PARROT_TIMEOUT="7") == f"PARROT_TIMEOUT and --patience {rest}"


# --- what it shows ---------------------------------------------------------------------


def test_the_settings_in_force_are_printed_with_where_they_come_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_with(tmp_path, "keep = 7\nsecret = 'sesame'")
    assert printed(capsys, file, "--friend=::1", "--loud", PARROT_PATIENCE="2") == [
        "port = 5000  # default",
        "keep = 7  # file",
        "timeout = 2.0  # environment",
        'kind = "json"  # default',
        "loud = true  # flag",
        'log = ""  # default',
        'friends = ["::1/128"]  # flag',
        '# secret = "***"  # file',
    ]


def test_what_is_printed_can_be_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = (
        "--port=0",
        "--kind=plain",
        '--log=/a "b"\\\x7f\té.log',
        "--friend=::1,10.0.0.0/8",
        "--timeout=1e-05",
    )
    lines = printed(capsys, *flags)
    assert tomllib.loads("\n".join(lines))["secret"] == ""
    again = load(file_with(tmp_path, "\n".join(lines)))
    assert again == load(*flags)


def test_a_path_that_is_no_text_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert 'log = "\\udcff"  # flag' in printed(capsys, "--log=\udcff")


def test_bad_settings_are_not_printed() -> None:
    assert refused("--print-config", "--port=3") == "--port and keep are the same"


def test_a_secret_is_not_in_the_representation() -> None:
    shown = repr(load(PARROT_SECRET="sesame"))
    assert shown.startswith("Config(port=5000, ")
    assert "sesame" not in shown
    assert 'secret="***"' in shown


def test_help_is_made_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load("--help")
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "Says what it hears.",
        "That is all.",
        "--port N where it listens (default: 5000)",
        "--keep N how many are kept; 100 % of them (default: 3)",
        "--timeout SECONDS how long it waits (default: 1.5)",
        "--kind json|plain what it speaks (default: json)",
        "--loud whether it is loud",
        "--log FILE where it writes",
        "--friend CIDR who is a friend; may be given again",
    ):
        assert words in said
    assert "patience" not in said
    assert "secret" not in said


def test_the_file_of_this_machine_is_read_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = dataclasses.replace(PROGRAM, file="installed.toml")
    monkeypatch.setenv("ONEROOM_CONFIG_FOLDER", str(tmp_path))
    assert program.load([], {}).port == 5000
    installed = tmp_path / "installed.toml"
    installed.write_text("port = 1\n")
    assert program.load([], {}).port == 1
    assert program.load(["--port=2"], {}).port == 2
    assert program.load([file_with(tmp_path, "keep = 7")], {}).port == 5000
    installed.write_text("prot = 1\n")
    with pytest.raises(BadConfig, match=f"^there is no setting prot in {installed}; did you mean port"):
        program.load([], {})


def test_the_settings_can_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load("--check-config", "--port=8")
    assert ended.value.code == 0
    assert capsys.readouterr().out == "parrot: the settings can be used\n"
    assert refused("--check-config", "--port=x").startswith("--port: 'x' is not")
