"""Makes docs/images/room.png, the picture of the page in README.md: `make picture`."""

import base64
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.end_to_end.services import Services, say, serve
from tests.support.browser import running_chromium
from tests.support.raw import JsonClient
from tests.support.requirements import CHROMIUM

PATH = Path(__file__).parents[1] / "docs" / "images" / "room.png"

_BEFORE = [
    ("Борис", "Кто сегодня ведёт?"),
    ("Вера", "Я. Начинаем в семь"),
    ("Вера", "План здесь: https://example.org/plan"),
    ("Глеб", "Отлично 👍"),
]
_AFTER = [
    ("Глеб", "Я с телефона, из поезда. Если пропаду, не теряйте: дочитаю"),
    ("Анна", "Хорошо! Борис, ты опять с nc? 🙂"),
    ("Борис", "С того самого скрипта, с первого занятия"),
    ("Борис", "Работает же"),
    ("Вера", "В #3 ссылка, если кто искал"),
    ("Анна", "Тогда до семи!\nВозьму с собой вопросы про журнал"),
    ("Вера", "А я — ответы. Женя, вы с нами?"),
    ("Женя", "Да, уже читаю план"),
    ("Женя", "Зал тот же?"),
    ("Борис", "Тот же, где рояль"),
]
_FRAME = """<!doctype html><style>
body { margin: 0; width: 1560px; height: 860px; position: relative; font-size: 0;
       background: linear-gradient(115deg, #dfe9e2, #f0ead9 55%, #e7dcc4); }
img { position: absolute; box-shadow: 0 24px 70px rgb(60 45 20 / 28%); }
.desk { left: 50px; top: 50px; width: 1066px; height: 762px; border-radius: 14px; }
.phone { right: 40px; top: 62px; width: 376px; height: 752px; border: 9px solid #0a0f0f;
         border-radius: 44px; }
</style>
<img class="desk" src="data:image/png;base64,{desk}">
<img class="phone" src="data:image/png;base64,{phone}">"""


def main() -> None:
    """Write the picture."""
    assert CHROMIUM, "Chromium is not installed"
    with serve("--history", "memory") as services, running_chromium() as chromium:
        desk, phone = _talk(services, chromium)
        page = chromium.new_page(viewport={"width": 1560, "height": 860})
        page.set_content(_FRAME.replace("{desk}", desk).replace("{phone}", phone))
        page.screenshot(path=PATH)


def _talk(services: Services, chromium: Browser) -> tuple[str, str]:
    """Have a conversation; return what two of its people see."""
    others = {name: JsonClient(services.room) for name in ("Борис", "Вера", "Женя")}
    for name, client in others.items():
        client.join(name, history=0)
    gleb = _enter(chromium, services.url, "Глеб", phone=True)
    anna = _enter(chromium, services.url, "Анна", phone=False)
    for name, text in _BEFORE + _AFTER:
        if name in others:
            say(others[name], text)
        else:
            page = anna if name == "Анна" else gleb
            page.fill("#composer-text", text)
            page.click("#send-button")
            page.wait_for_selector(".message.own:last-child[data-state=sent]")
    others["Вера"].say_json(type="typing")
    others["Вера"].fence()
    anna.wait_for_selector("#typing:not(:empty)")
    gleb.wait_for_selector("#typing:not(:empty)")
    anna.fill("#composer-text", "Рояль настроили")
    shots = [base64.b64encode(page.screenshot()).decode() for page in (anna, gleb)]
    for client in others.values():
        client.close()
    return shots[0], shots[1]


def _enter(chromium: Browser, url: str, name: str, *, phone: bool) -> Page:
    """Join as this person, on a dark phone or a light desktop."""
    context = chromium.new_context(
        viewport={"width": 376, "height": 752} if phone else {"width": 1066, "height": 762},
        color_scheme="dark" if phone else "light",
        is_mobile=phone,
        has_touch=phone,
        device_scale_factor=2,
        locale="ru-RU",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    page.fill("#join-name", name)
    page.click("#join-button")
    page.wait_for_selector("#connection[data-state=online]", state="attached")
    return page


if __name__ == "__main__":
    main()
