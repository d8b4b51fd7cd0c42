"""The states of the page that tools/gallery.py shows: what leads to each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from playwright.sync_api import Page, expect

from tests.end_to_end.services import Services, say, serve
from tests.support.raw import JsonClient

MODERATORS: Final = "ключ"
_CODE: Final = """Сделал рассылку одной строкой, посмотрите:
```python
for reader in readers:
    reader.send(block)  # один вызов на читателя
```"""
_LONG: Final = "Протокол занятия:\n" + "\n".join(
    f"{number}. {what}"
    for number, what in enumerate(
        ("пришли", "повторили сокеты", "написали сервер", "сломали его", "починили", "ещё раз сломали") * 5, 1
    )
)


class Size(NamedTuple):
    """A window."""

    name: str
    width: int
    height: int
    is_phone: bool


SIZES: Final = (Size("desktop", 1280, 800, False), Size("phone", 390, 844, True))


class Scene(NamedTuple):
    """A state of the page: its name and what it shows, and what leads to it."""

    name: str
    words: str
    play: Callable[["Stage"], object]


class Stage:
    """One window of the page, and the people of the room."""

    def __init__(self, page: Page, people: dict[str, JsonClient], services: Services, size: Size) -> None:
        self.page = page
        self.people = people
        self.services = services
        self.size = size

    def enter(self, name: str = "Анна") -> None:
        """Come in."""
        self.page.fill("#join-name", name)
        self.page.click("#join-button")
        self.page.wait_for_selector("#connection[data-state=online]", state="attached")
        self.page.wait_for_selector("#composer-text")
        self.page.wait_for_selector(".message")

    def write(self, text: str, *, send: bool = False) -> None:
        """Write into the composer, and send it."""
        self.page.fill("#composer-text", text)
        if send:
            self.page.click("#send-button")

    def message(self, text: str) -> str:
        """Return the selector of a message with this text."""
        return f".message:has-text('{text}')"

    def choose(self, text: str) -> None:
        """Open the menu of a message."""
        row = self.page.locator(self.message(text)).last
        row.scroll_into_view_if_needed()
        if self.size.is_phone:
            row.tap(position={"x": 5, "y": 5})
            self.page.tap("#more-button")
        else:
            row.hover()
            row.locator(".message-number").press("Enter")
        self.page.wait_for_selector("#message-menu .menu-item")

    def open_people(self) -> None:
        """Show the list of people, which a wide window always shows."""
        if self.page.locator("#people-button").is_visible():
            self.page.click("#people-button")

    def open(self, button: str, shown: str) -> None:
        """Come in, press a button and wait for what it shows."""
        self.enter()
        self.page.click(button)
        self.page.wait_for_selector(shown)

    def become_moderator(self) -> None:
        """Give the moderators' password."""
        self.write(f"/moderator {MODERATORS}", send=True)
        expect(self.page.locator(".person-note", has_text="вы · модератор")).to_have_count(1)


@contextmanager
def room() -> Iterator[tuple[Services, dict[str, JsonClient]]]:
    """A room with people and something to read."""
    flags = ("--history", "memory", "--title", "Класс 9Б · сети", "--welcome", "Занятия по средам в семь.")
    with (
        serve(*flags, env={"ONEROOM_SERVER_MODERATOR_PASSWORD": MODERATORS}) as services,
        ExitStack() as stack,
    ):
        people = {}
        for name in ("Борис", "Вера", "Глеб", "ci", "Евгения-Александра", "Maria"):
            people[name] = stack.enter_context(JsonClient(services.room))
            people[name].join(name, history=0)
        boris, vera, gleb = people["Борис"], people["Вера"], people["Глеб"]
        say(boris, "Кто сегодня ведёт?")
        say(vera, "Я. Начинаем в семь, план здесь: https://example.org/plan")
        say(gleb, "Отлично 👍")
        say(boris, _CODE)
        vera.say_json(type="say", ref="answer", text="А если читатель молчит? `send` же встанет.", reply=4)
        vera.say_json(type="say", ref="number", text="Как в #2.")
        vera.fence()
        for one in (vera, gleb, people["Maria"]):
            one.say_json(type="react", ref="r", id=4, emoji="👍")
            one.fence()
        gleb.say_json(type="react", ref="r2", id=4, emoji="🎉")
        gleb.fence()
        say(
            people["Maria"],
            "> один вызов на читателя\n\n**Именно.** Список дел:\n- очередь\n- *предел*\n- ~~sleep~~",
        )
        say(gleb, "Я с телефона, из поезда. Если пропаду, не теряйте: дочитаю")
        yield services, people


def _conversation(stage: Stage) -> None:
    stage.enter()
    stage.write("Тогда до семи!", send=True)
    say(stage.people["Вера"], "Возьму с собой вопросы про журнал")
    stage.people["Вера"].say_json(type="typing")
    stage.people["Вера"].fence()
    stage.page.wait_for_selector("#typing:not(:empty)")
    stage.write("Рояль настроили")


def _door_error(stage: Stage) -> None:
    stage.page.fill("#join-name", "борис")
    stage.page.click("#join-button")
    stage.page.wait_for_selector("#join-error:not(:empty)")


def _menu(stage: Stage) -> None:
    stage.enter()
    stage.choose("Отлично")


def _emoji(stage: Stage) -> None:
    stage.enter()
    if stage.size.is_phone:
        stage.page.locator(stage.message("Отлично")).last.tap(position={"x": 5, "y": 5})
        stage.page.tap("#react-button")
    else:
        stage.page.locator(stage.message("Отлично")).last.locator(".message-number").press("+")
    stage.page.wait_for_selector("#emoji-list [role=option]")


def _answering(stage: Stage) -> None:
    stage.enter()
    stage.write("Я поведу", send=True)
    stage.page.wait_for_selector(".message.own[data-state=sent]")
    stage.choose("Отлично")
    stage.page.locator("#message-menu .menu-item", has_text="Ответить").click()
    stage.page.wait_for_selector("#composer-task:not([hidden])")
    stage.write("Захвати, пожалуйста, переходник")


def _editing(stage: Stage) -> None:
    stage.enter()
    stage.write("Я поведу в сем", send=True)
    stage.page.wait_for_selector(".message.own[data-state=sent]")
    stage.page.focus("#composer-text")
    stage.page.keyboard.press("ArrowUp")
    stage.page.wait_for_selector("#composer-task:not([hidden])")


def _called(stage: Stage) -> None:
    stage.enter()
    say(stage.people["Глеб"], "@Анна это твой тест упал? Я с телефона, поправлю после семи.")
    stage.page.wait_for_selector(".message:has-text('это твой тест')")


def _unread(stage: Stage) -> None:
    stage.enter()
    stage.choose("Именно")
    stage.page.locator("#message-menu .menu-item", has_text="Не прочитано отсюда").click()


def _invitation(stage: Stage) -> None:
    stage.enter()
    stage.open_people()
    stage.page.click("#people-invite")
    stage.page.wait_for_selector("dialog[open] svg")


def _topic(stage: Stage) -> None:
    stage.enter()
    boris = stage.people["Борис"]
    boris.say_json(type="authenticate", password=MODERATORS)
    boris.say_json(
        type="moderate", act="topic", text="Сегодня: сокеты без sleep. План: https://example.org/plan"
    )
    boris.fence()
    stage.page.wait_for_selector("#topic:not([hidden])")


def _people(stage: Stage) -> None:
    stage.enter()
    stage.open_people()
    stage.page.wait_for_selector("#people-list li")


def _person(stage: Stage) -> None:
    stage.enter()
    stage.become_moderator()
    stage.open_people()
    stage.page.locator(".person-more").first.click()
    stage.page.wait_for_selector("#menu .menu-item")


def _search(stage: Stage) -> None:
    stage.open("#search-button", "#search[open]")
    stage.page.keyboard.type("чита")
    stage.page.wait_for_selector(".hit")


def _settings(stage: Stage) -> None:
    stage.open("#settings-button", "#settings[open]")


def _keys(stage: Stage) -> None:
    stage.enter()
    stage.page.keyboard.press("Escape")
    stage.page.locator("#transcript").focus()
    stage.page.keyboard.press("?")
    stage.page.wait_for_selector("dialog[open]")


def _commands(stage: Stage) -> None:
    stage.enter()
    stage.page.focus("#composer-text")
    stage.page.keyboard.type("/")
    stage.page.wait_for_selector("#command-list [role=option]")


def _mention(stage: Stage) -> None:
    stage.enter()
    stage.page.focus("#composer-text")
    stage.page.keyboard.type("Передай @")
    stage.page.wait_for_selector("#mention-list [role=option]")


def _long(stage: Stage) -> None:
    say(stage.people["Борис"], _LONG)
    stage.enter()
    stage.page.wait_for_selector(".message:has-text('Протокол занятия')")


def _compact(stage: Stage) -> None:
    _settings(stage)
    stage.page.locator("#settings label", has_text="Плотно").click()
    stage.page.keyboard.press("Escape")


def _failed(stage: Stage) -> None:
    stage.enter()
    boris = stage.people["Борис"]
    boris.say_json(type="authenticate", password=MODERATORS)
    boris.say_json(type="moderate", act="mute", target="Анна", seconds=600)
    boris.fence()
    stage.write("А меня слышно?", send=True)
    stage.page.wait_for_selector("[data-state=failed]")


def _offline(stage: Stage) -> None:
    stage.enter()
    stage.services.server.stop()
    stage.page.wait_for_selector("#connection[data-state=waiting], #connection[data-state=offline]")
    stage.write("Напишу, отправится потом", send=True)
    stage.page.wait_for_selector(".message.own:not([data-state=sent])")


def _dialog(stage: Stage) -> None:
    _person(stage)
    stage.page.locator("#menu .menu-item", has_text="Закрыть вход").click()
    stage.page.wait_for_selector("dialog[open]")


def _moderator(stage: Stage) -> None:
    _settings(stage)
    stage.page.locator("#settings button", has_text="Стать модератором").click()
    stage.page.wait_for_selector("dialog[open] input[type=password]")


def _terminal(stage: Stage) -> None:
    stage.enter()
    stage.page.keyboard.press("Control+`")
    stage.page.wait_for_selector("#terminal:not([hidden])")


def _device(stage: Stage) -> None:
    _settings(stage)
    stage.page.locator("#settings button", has_text="устройств").first.click()
    stage.page.wait_for_selector("dialog[open] svg")


def _start(stage: Stage, title: str, *lines: str) -> int:
    ci, text = stage.people["ci"], "".join(f"{line}\n" for line in lines)
    ci.say_json(type="start", ref=title, title=title)
    number = int(next(event for event in ci.fence() if event.get("ref") == title)["id"])
    ci.say_json(type="output", id=number, offset=0, text=text)
    ci.fence()
    return number


def _live(stage: Stage) -> None:
    stage.enter()
    ended = _start(stage, "make lint", "\x1b[32mAll checks passed!\x1b[0m")
    stage.people["ci"].say_json(type="end", ref="end", id=ended, code=0)
    dots = "." * 36
    _start(
        stage,
        "make test",
        *(f"tests/{name:<16}{dots}" for name in ("benchmarks", "chat_client", "chat_protocol", "cli_client")),
        f"tests/tcp_server      {dots}  [ 61%]",
        "tests/web_gateway     ..............\x1b[31mF\x1b[0m...                    [ 78%]",
        "\x1b[31mFAILED\x1b[0m test_relay.py::test_a_reader_that_stops",
    )
    stage.page.wait_for_selector(".live-lines:has-text('FAILED')")


def _live_whole(stage: Stage) -> None:
    _live(stage)
    stage.page.locator(".live-show:visible").click()
    stage.page.wait_for_selector(".live.open .live-part")


SCENES: Final[Sequence[Scene]] = (
    Scene(
        "door",
        "The door: which room this is, and who is inside",
        lambda stage: stage.page.wait_for_selector("#join-name"),
    ),
    Scene("door-error", "A name that is taken", _door_error),
    Scene("conversation", "A conversation; somebody is typing", _conversation),
    Scene("menu", "What can be done with a message", _menu),
    Scene("emoji", "Choosing an emoji", _emoji),
    Scene("answering", "Answering", _answering),
    Scene("editing", "Correcting what one has said", _editing),
    Scene("called", "Being called by name", _called),
    Scene("unread", "Unread from here", _unread),
    Scene("topic", "A topic", _topic),
    Scene("invitation", "Inviting others", _invitation),
    Scene("people", "Who is here", _people),
    Scene("person", "What a moderator can do with a person", _person),
    Scene("ban", "… and has to confirm", _dialog),
    Scene("moderator", "Becoming a moderator", _moderator),
    Scene("search", "Searching", _search),
    Scene("settings", "Settings", _settings),
    Scene("device", "One more device", _device),
    Scene("keys", "Keys", _keys),
    Scene("commands", "Commands", _commands),
    Scene("mention", "Calling somebody", _mention),
    Scene("long", "A long text is folded", _long),
    Scene("compact", "The compact log", _compact),
    Scene("terminal", "The room as in the terminal", _terminal),
    Scene("live", "The output of a command, which grows while it runs", _live),
    Scene("live-whole", "… all of it", _live_whole),
    Scene("failed", "A message that the room has refused", _failed),
    Scene("offline", "The room is away: what is written waits", _offline),
)
