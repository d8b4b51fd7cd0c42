"""HAProxy and nginx with the documented files: TLS to clients, their own addresses to the server."""

import http.client
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.cli_client.terminal_session import CTRL_D, ENTER, client_at
from tests.end_to_end.front_clients import Bot, Page, get
from tests.end_to_end.fronts import EACH_KIND, HOST, Services, addresses, services_behind
from tests.support.certificates import Certificate
from tests.support.raw import PROMPT, JsonClient
from tests.support.requirements import OPENSSL, needs_openssl
from tests.support.timing import TIMEOUT

pytestmark = needs_openssl

SPOOFED = "203.0.113.9"


@pytest.fixture(scope="module", params=EACH_KIND)
def services(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[Services]:
    with services_behind(request.param, tmp_path_factory.mktemp("front"), certificate) as services:
        yield services


def test_the_proxy_accepts_its_documented_file(services: Services) -> None:
    assert not re.search(r"warn", services.front.check(), re.IGNORECASE)


def test_people_talk_through_the_proxy_and_keep_their_addresses(services: Services) -> None:
    front = services.front
    flags = ("--tls", "--tls-ca", str(front.certificate.public), "--name", "Борис")
    with (
        Bot(front, "127.0.0.2") as bot,
        Page(front, "127.0.0.3") as page,
        client_at(front.listeners.terminals, *flags, lang="ru") as terminal,
    ):
        bot.join("Вера", history=0)
        page.say_json(type="join", name="Анна", history=0)
        page.wait_for(type="welcome", name="Анна")
        terminal.wait_for("Вы вошли как Борис.")

        page.say_json(type="say", ref="1", text="Привет из браузера")
        bot.read_until("Привет из браузера")
        terminal.wait_for("Анна: Привет из браузера")
        terminal.type("Привет из терминала", ENTER)
        page.wait_for(type="message", name="Борис", text="Привет из терминала")
        bot.say_json(type="say", ref="1", text="Привет из программы")
        page.wait_for(type="message", name="Вера", text="Привет из программы")
        terminal.wait_for("Вера: Привет из программы")
        terminal.wait_for("Привет из терминала  #")

        found = addresses(services.server, "Вера", "Анна", "Борис")
        assert found == [["127.0.0.2"], ["127.0.0.3"], ["127.0.0.1"]]
        terminal.type(CTRL_D)
        assert terminal.end() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": SPOOFED},
        {"X-Forwarded-For": f"{SPOOFED}, 127.0.0.1"},
        {"X_Forwarded_For": SPOOFED},
        {"Forwarded": f"for={SPOOFED}"},
        {"X-Real-IP": SPOOFED},
        {"Connection": "Upgrade, X-Forwarded-For"},  # as if it were only for the next hop
    ],
    ids=str,
)
def test_an_address_that_a_browser_claims_is_ignored(services: Services, headers: dict[str, str]) -> None:
    with Page(services.front, "127.0.0.3", headers) as page:
        page.say_json(type="join", name="Хитрец", history=0)
        page.wait_for(type="welcome")
        assert addresses(services.server, "Хитрец") == [["127.0.0.3"]]
        page.leave()


def test_a_proxy_header_from_a_client_is_refused(services: Services) -> None:
    with JsonClient(services.server.address, TIMEOUT) as watcher, Bot(services.front, "127.0.0.2") as bot:
        watcher.join("Сторож", history=0)
        bot.expect(PROMPT)
        bot.send(f"PROXY TCP4 {SPOOFED} 192.0.2.1 40000 8080\r\nЛиса\n")
        bot.expect_end()
        assert watcher.fence() == []


def test_the_page_is_served_by_https_with_hsts(services: Services) -> None:
    page = get(services.front, "/")
    assert page.status == 200
    assert re.match(r"max-age=\d{7,}", page.headers["Strict-Transport-Security"])
    assert len(page.headers.get_all("Strict-Transport-Security", [])) == 1
    assert get(services.front, "/", Host="elsewhere.example").status >= 400


def test_http_redirects_to_https_on_the_own_host(services: Services) -> None:
    connection = http.client.HTTPConnection(*services.front.listeners.plain_http, timeout=TIMEOUT)
    try:
        connection.request("GET", "/path?query", headers={"Host": "elsewhere.example"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/path?query")
        answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_tls_is_refused(services: Services, version: str) -> None:
    for listener in (services.front.listeners.terminals, services.front.listeners.browsers):
        attempt = subprocess.run(
            [OPENSSL, "s_client", "-connect", str(listener), version, "-cipher", "DEFAULT@SECLEVEL=0"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert b"alert protocol version" in attempt.stderr


def test_one_address_cannot_take_all_connections(services: Services) -> None:
    with ExitStack() as stack:
        for number in range(300):
            # A reset can be there before the connection is.
            with suppress(ConnectionResetError):
                listener = services.front.listeners.terminals
                sock = socket.create_connection(listener, TIMEOUT, source_address=("127.0.0.9", 0))
                stack.enter_context(sock)
                if number >= 250:
                    assert sock.recv(1) == b""
        with Bot(services.front, "127.0.0.2") as bot:
            bot.join("Глеб", history=0)


def test_reloading_the_proxy_disturbs_nobody(services: Services) -> None:
    with Bot(services.front, "127.0.0.2") as bot, Page(services.front, "127.0.0.3") as page:
        bot.join("Дина", history=0)
        page.say_json(type="join", name="Егор", history=0)
        page.wait_for(type="welcome")
        services.front.reload()
        page.say_json(type="say", ref="1", text="ещё здесь")
        bot.read_until("ещё здесь")
        with Bot(services.front) as newcomer:
            newcomer.join("Жанна", history=0)
            newcomer.say_json(type="say", ref="1", text="и новые входят")
            page.wait_for(type="message", text="и новые входят")
