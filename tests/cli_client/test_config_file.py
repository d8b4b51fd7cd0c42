"""The configuration file of the client, and the keys in it."""

from pathlib import Path

import pytest

from chat_protocol.messages import HistoryRequest, Say
from cli_client.actions import ACTIONS, bound, describe
from cli_client.cli import main
from cli_client.config_file import BadConfig, Config, Server, load
from cli_client.config_words import CONFIG_WORDS
from tests.chat_client.fake_room import FakeRoom
from tests.cli_client.terminal_session import client_at, enter, leave
from tests.cli_client.test_pipe import answer_leave, run_pipe

GOOD = """
server = "work"
name = "Анна"
lang = "ru"
notify = "all"
links = "never"

[servers.work]
address = "chat.example.org:6697"
tls = true
tls_ca = "~/ca.pem"
name = "Анна Иванова"

[servers.home]

[keys]
editor = ["c-x c-e", "f4"]
suspend = ""
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_what_a_file_says(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    config = load(str(file))
    assert (config.server, config.name, config.lang) == ("work", "Анна", "ru")
    assert (config.notify, config.links) == ("all", "never")
    ca = str(Path("~/ca.pem").expanduser())
    work = Server("chat.example.org:6697", "Анна Иванова", tls=True, tls_ca=ca)
    assert config.find(None) == config.find("work") == work
    assert config.find("home") == Server()
    assert config.find("example.org") == Server("example.org")
    assert config.keys == {"editor": ["c-x c-e", "f4"], "suspend": []}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a = ", "line 1: this is not TOML"),
        ("\nname = [\n", "line 3: this is not TOML"),
        (
            "\nnam = 'A'",
            "line 2: there is no setting nam; there are: server, name, lang, notify, links,",
        ),
        ("[servers.work]\nport = 1", "line 2: there is no setting servers.work.port; there are: address"),
        ("name = 5", "line 1: name must be a text in quotes"),
        ("lang = 'de'", "line 1: lang must be one of: ru, en"),
        ("notify = ['all']", "line 1: notify must be one of: none, mentions, all"),
        ("links = true", "line 1: links must be one of: auto, always, never"),
        ("keys = 1", "line 1: keys must be a table"),
        ("server = 'a:b'", "line 1: server must be an address like example.org:8080"),
        ("[servers]\nwork = 'a'", "line 2: servers.work must be a table"),
        ("[servers.a]\n[servers.b]\naddress = 'x/y'", "line 3: servers.b.address must be an address"),
        ("[servers.a]\ntls = 'yes'", "line 2: servers.a.tls must be true or false, without quotes"),
        ("\n[servers.say]", "line 2: a server cannot be called say"),
        ("[servers.'a b']", "line 1: a server cannot be called a b"),
        ("[keys]\neditor = 5", "line 2: keys.editor must be keys in quotes"),
        ("[keys]\nedit = 'f4'", "line 2: there is no action edit; there are: send, new_line,"),
        ("[keys]\neditor = 'c-oops'", "line 2: keys.editor: there is no key c-oops"),
        ("[keys]\neditor = '<any>'", "line 2: keys.editor: there is no key <any>"),
        ("[keys]\neditor = 'e'", "line 2: keys.editor: e is typed in texts"),
        ("[keys]\nsend = ''", "line 2: keys.send: without a key nothing could be sent"),
        ("[keys]\nolder='f4'\neditor = 'F4'", "line 2: f4 is bound to two actions: older and editor"),
        ("[keys]\n\neditor = 'c-r'", "line 3: c-r is bound to two actions: editor and search"),
        ("[keys]\neditor = 'c-m'", "line 2: enter is bound to two actions: editor and send"),
    ],
)
def test_a_file_that_cannot_be_used(
    file: Path, capsys: pytest.CaptureFixture[str], text: str, error: str
) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(file), "--check-config", "--lang", "en"])
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert output.err.startswith(f"oneroom: {file}, {error}")
    assert output.err.count("\n") == 1
    assert not output.out


def test_a_file_that_cannot_be_read(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content, error in ((None, "нет такого файла"), (b"name = '\xff'", "это не текст в UTF-8")):
        if content:
            file.write_bytes(content)
        with pytest.raises(SystemExit) as ended:
            main(["who", "--config", str(file), "--lang", "ru"])
        assert ended.value.code == 2
        assert capsys.readouterr().err == f"oneroom: {file}: {error}\n"


def test_checking(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(file.parent))
    assert main(["--check-config", "--lang", "en"]) == 0
    installed = file.parent / "oneroom" / "config.toml"
    assert capsys.readouterr().out == f"oneroom: there is no file {installed}\n"
    installed.parent.mkdir()
    installed.write_text(GOOD, encoding="utf-8")
    assert main(["--check-config"]) == 0
    assert capsys.readouterr().out == f"oneroom: {installed}: настройки годятся\n"


def test_the_keys_of_actions() -> None:
    assert bound(Config()) == {name: action.keys for name, action in ACTIONS.items()}
    keys = bound(Config(keys={"editor": ["c-x c-e", "escape e"], "older": ["c-r"], "search": []}))
    assert keys["editor"] == (("c-x", "c-e"), ("escape", "e"))
    assert (keys["older"], keys["search"]) == ((("c-r",),), ())
    with pytest.raises(BadConfig):
        bound(Config(keys={"editor": ["c-x", "x"]}))
    for lang in ("en", "ru"):
        shown = describe(keys, lang).splitlines()
        assert len(shown) == len(ACTIONS) + 1
        assert any(line.split()[:2] == ["older", "c-r"] for line in shown)


def test_both_languages_have_the_same_words() -> None:
    assert CONFIG_WORDS["en"].keys() == CONFIG_WORDS["ru"].keys()


def test_a_short_name_in_a_script(room: FakeRoom, file: Path) -> None:
    file.write_text(f"[servers.work]\naddress = '{room.address}'\nname = 'Анна'\n", encoding="utf-8")
    with run_pipe("work", "--config", str(file), "--lang", "en", ONEROOM_NAME="") as pipe:
        pipe.write("раз\n")
        pipe.stdin.close()
        client = room.accept()
        assert client.welcome().name == "Анна"
        client.ack(client.receive(Say).ref, 1)
        answer_leave(client)
        assert pipe.end() == 0
    with run_pipe("who", "--server", "work", "--config", str(file), ONEROOM_NAME="Боря") as pipe:
        client = room.accept()
        assert client.welcome(members=["Боря"]).name == "Боря"
        pipe.stdout.wait_for("Боря")
        answer_leave(client)
        assert pipe.end() == 0


def test_keys_in_a_terminal(room: FakeRoom, file: Path) -> None:
    file.write_text("name = 'Анна'\n[keys]\nolder = 'f4'\n", encoding="utf-8")
    with client_at(room.address, "--config", str(file)) as terminal:
        client = enter(room, terminal)
        terminal.type("\x1bOS")
        assert client.receive(HistoryRequest).limit == 20
        terminal.enter_line("/keys")
        terminal.wait_for(lambda lines: any(line.split()[:2] == ["older", "f4"] for line in lines))
        leave(terminal, client)
