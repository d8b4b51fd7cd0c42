"""HAProxy and nginx with documented changes of their files, and stopped and started again."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.cli_client.terminal_session import CTRL_D, ENTER, client_at
from tests.end_to_end.conftest import PageUser
from tests.end_to_end.front_clients import Bot, connect_tls
from tests.end_to_end.fronts import EACH_KIND, Front, addresses, services_behind
from tests.support.certificates import Certificate
from tests.support.processes import ROOT
from tests.support.requirements import needs_chromium, needs_haproxy, needs_nginx, needs_openssl
from tests.support.timing import TIMEOUT

pytestmark = needs_openssl


@needs_haproxy
@pytest.mark.parametrize("options", ["", " proxy-v2-options ssl,cert-cn"])
def test_the_binary_header_of_haproxy_is_understood(
    tmp_path: Path, certificate: Certificate, options: str
) -> None:
    changes = {"send-proxy": f"send-proxy-v2{options}"}
    with (
        services_behind("haproxy", tmp_path, certificate, changes) as services,
        Bot(services.front, "127.0.0.2") as bot,
    ):
        bot.join("Вера", history=0)
        assert addresses(services.server, "Вера") == [["127.0.0.2"]]


@needs_nginx
@needs_chromium
def test_the_page_is_served_under_a_path(chromium: Browser, tmp_path: Path, certificate: Certificate) -> None:
    changes = {
        "location / {": "location /chat/ {",
        'proxy_set_header X-Forwarded-Prefix "";': "proxy_set_header X-Forwarded-Prefix /chat;",
    }
    documentation = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(line in documentation for line in changes.values())
    with (
        services_behind("nginx", tmp_path, certificate, changes, host="127.0.0.1") as services,
        chromium.new_context(ignore_https_errors=True) as context,
    ):
        site = f"https://{services.front.listeners.browsers}"
        requested: list[str] = []
        context.on("request", lambda request: requested.append(request.url))
        user = PageUser(context.new_page())
        user.page.goto(f"{site}/chat")
        user.enter("Анна")
        user.say("под путём")
        expect(user.messages("под путём")).to_have_count(1)
        user.page.reload()
        user.sees("Анна", "под путём")
        # What is stored is this room's, and the first script has found it.
        assert user.page.evaluate(
            "'oneroom/chat/.identity' in localStorage && earlySocket instanceof WebSocket"
        )
        assert requested.pop(0) == f"{site}/chat"
        assert all(url.startswith(f"{site}/chat/") for url in requested)


@pytest.mark.parametrize("kind", EACH_KIND)
def test_clients_survive_a_restart_of_the_proxy_and_silent_ones_are_disconnected(
    kind: str, tmp_path: Path, certificate: Certificate
) -> None:
    changes = {
        "haproxy": {"timeout client 20s": "timeout client 1s", "timeout http-request 10s": ""},
        "nginx": {"ssl_handshake_timeout 20s": "ssl_handshake_timeout 1s"}
        | {"client_header_timeout 20s": "client_header_timeout 1s"},
    }[kind]
    with services_behind(kind, tmp_path, certificate, changes) as services:
        front = services.front
        flags = ("--tls", "--tls-ca", str(certificate.public), "--name", "Борис")
        with client_at(front.listeners.terminals, *flags, lang="ru") as terminal:
            terminal.wait_for("Вы вошли как Борис.")
            with Bot(front) as bot:
                session = bot.join("Вера", history=0)["session"]
                assert_silent_clients_are_disconnected(front)
                bot.fence()  # who has come in may be silent for longer
                front.stop()
                bot.read_to_end()
            terminal.type("Пока никого нет", ENTER)
            front.start()
            with Bot(front) as bot:
                welcome = bot.join("Другая", history=10, session=session)
                assert welcome["name"] == "Вера"
                if "Пока никого нет" not in str(welcome["messages"]):
                    bot.read_until("Пока никого нет")
            terminal.wait_for("Пока никого нет  #")
            terminal.type(CTRL_D)
            assert terminal.end() == 0


def assert_silent_clients_are_disconnected(front: Front) -> None:
    """Fail unless every port disconnects clients that send nothing, or only the beginning of a request."""
    with ExitStack() as stack:
        quiet = [
            stack.enter_context(socket.create_connection(listener, TIMEOUT)) for listener in front.listeners
        ]
        for listener in front.listeners[:2]:
            quiet.append(stack.enter_context(socket.create_connection(listener, TIMEOUT)))
            quiet[-1].sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        for sock in (
            connect_tls(front, front.listeners.browsers),
            socket.create_connection(front.listeners.plain_http, TIMEOUT),
        ):
            quiet.append(stack.enter_context(sock))
            sock.sendall(b"GET / HTTP/1.1\r\nHo")
        for sock in quiet:
            while sock.recv(1000):  # an error page or alert, then the end
                pass
