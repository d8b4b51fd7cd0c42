"""Path traversal, injection into headers and logs, and request smuggling."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.hostile.raw_http import ASSETS, FILES, KEY, UPGRADE, ask, ask_raw, read_answer, request
from tests.support.processes import ROOT, Program, find_address, running
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import Serving

_SERVED = {file.bodies["identity"] for file in ASSETS.files.values()}
_SECURED = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy")
# What the gateway may log of all this: that it refused somebody, in words of its own.
_LOG = re.compile(r"([-\d]+ [:,\d]+ WARNING refused reason=[\w-]+ status=\d+ address=[\d.]+( times=\d+)?\n)*")
_MARKER = "FORGED"  # what an attacker tries to put at the beginning of a line


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    with running("tcp_server", "--host", "127.0.0.1", "--port", "0") as program:
        yield program


@pytest.fixture(scope="module")
def program(server: Program) -> Iterator[Program]:
    with running("web_gateway", "--port", "0", "--server", str(server.address)) as gateway:
        yield gateway


@pytest.fixture
def serving(program: Program) -> Iterator[Serving]:
    yield Serving(find_address(program.line.replace("http://", "")))
    assert _LOG.fullmatch(program.stderr.text), program.stderr.text


_UP = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "%2E%2E%2F",
    "..%252f",
    "%252e%252e%252f",
    "%25252e%25252e%25252f",
    "..\\",
    "..%5c",
    "%2e%2e%5c",
    "..%255c",
    "..;/",
    "..%3b/",
    "..%00/",
    "....//",
    "..././",
    ".../",
    "..%c0%af",
    "%c0%ae%c0%ae/",
    "..%e0%80%af",
    "..%ef%bc%8f",
    "..%u2215",
    "../.",
    ".%2e/",
    "%2e./",
    "..//",
    "./../",
    "js/../../",
    "js/..%2f..%2f",
)
_PATHS = [
    f"{FILES}/{up * depth}{file}" for up in _UP for depth, file in ((1, "pyproject.toml"), (9, "etc/passwd"))
]
_PATHS += [f"/{up * 9}etc/passwd" for up in _UP]
_PATHS += [
    f"{FILES}/{ROOT}/pyproject.toml",
    f"{FILES}/{str(ROOT / 'pyproject.toml').replace('/', '%2f')}",
    f"{FILES}//etc/passwd",
    f"{FILES}/%2fetc%2fpasswd",
    f"{FILES}/file:///etc/passwd",
    f"{FILES}/C:%5cWindows%5cwin.ini",
    f"{FILES}/js/model/room.js%00.html",
    f"{FILES}/js/model/room.js/",
    f"{FILES}/js/model/room.js/..",
    f"{FILES}/js/model/room.js;.html",
    f"{FILES}/%00",
    f"{FILES}/~root/.profile",
    f"{FILES}/..",
    f"{FILES}/.",
    f"{FILES}/",
    "/static",
    f"{FILES}/" + "a" * 3000,
    f"{FILES}/" + "a/" * 1500,
    "/templates/index.html",
    "/web_gateway/config.py",
    "/.git/config",
    "/.env",
    "/etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "http://127.0.0.1/../pyproject.toml",
    "http://127.0.0.1/static/../../etc/passwd",
    "file:///etc/passwd",
]


def test_there_are_at_least_fifty_paths() -> None:
    assert len(set(_PATHS)) >= 50


def test_no_path_leads_out_of_the_static_folder(serving: Serving) -> None:
    page = ask(serving.address, request("/")).body
    for path in _PATHS:
        answer = ask(serving.address, request(path))
        if answer.status == 200:
            assert answer.body in _SERVED, path
            assert answer.body != page
        else:
            assert answer.status in {400, 404}, path
            assert answer.header("Content-Type") == "text/plain; charset=utf-8", path
            assert len(answer.body) < 300, path
        for name in _SECURED:
            assert answer.header(name), (path, name)
        assert answer.header("Server") == "oneroom"


def test_the_static_folder_has_no_symbolic_links() -> None:
    """They would be followed."""
    assert not [path for path in (ROOT / "static").rglob("*") if Path(path).is_symlink()]


_LINE = f"{_MARKER}: 1"
_HEADER_ATTACKS = {
    "query": request(f"/?a=%0d%0a{_LINE}"),
    "raw query": request(f"/?a=\r\n{_LINE}"),
    "path": request(f"/%0d%0a{_LINE}"),
    "path of a file": request(f"{FILES}/%0d%0a{_LINE}"),
    "raw path": request(f"{FILES}/\r\n{_LINE}"),
    "double": request(f"/%250d%250a{_LINE}"),
    "unicode": request(f"/%e5%98%8d%e5%98%8a{_LINE}"),
    "host": request("/", host=f"127.0.0.1%0d%0a{_LINE}"),
    "raw host": request("/", host=f"127.0.0.1\r{_LINE}"),
    "origin": request("/ws", UPGRADE.strip(), f"Origin: http://127.0.0.1%0d%0a{_LINE}"),
    "raw origin": request("/ws", UPGRADE.strip(), f"Origin: http://127.0.0.1\n{_LINE}"),
    "forwarded": request("/", f"X-Forwarded-For: 1.2.3.4%0d%0a{_LINE}"),
    "scheme": request("/", f"X-Forwarded-Proto: https%0d%0a{_LINE}", "X-Forwarded-Ssl: on"),
    "language": request("/nowhere", f"Accept-Language: ru%0d%0a{_LINE}"),
    "a header's name": request("/", f"X-{_MARKER}\r: 1"),
    "a header's value": request("/", f"X: a\x0b\x0c\x00{_LINE}"),
    "key": request("/ws", UPGRADE.strip().replace(KEY, f"AAAA%0d%0a{_LINE}")),
    "protocol": request("/ws", UPGRADE.strip(), f"Sec-WebSocket-Protocol: a%0d%0a{_LINE}"),
    "range": request(f"{FILES}/js/model/room.js", f"Range: bytes=0-1%0d%0a{_LINE}"),
    "etag": request(f"{FILES}/js/model/room.js", f'If-None-Match: "%0d%0a{_LINE}"'),
    "script name": request("/", f"SCRIPT_NAME: /%0d%0a{_LINE}"),
}


@pytest.mark.parametrize("asked", _HEADER_ATTACKS.values(), ids=_HEADER_ATTACKS.keys())
def test_nothing_is_injected_into_headers(serving: Serving, asked: bytes) -> None:
    received = ask_raw(serving.address, asked)
    answer = read_answer(received.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert not [name for name, value in answer.headers if _MARKER in name + value]
    assert b"Traceback" not in received
    assert answer.header("Strict-Transport-Security") is None, "no trusted proxy has said https"


_GET = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_SECOND = f"GET {FILES}/js/model/room.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_SMUGGLED = {
    "CL and TE": f"{_GET}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE and CL": f"{_GET}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{_SECOND}",
    "two CL": f"{_GET}Content-Length: 0\r\nContent-Length: {len(_SECOND)}\r\n\r\n{_SECOND}",
    "CL list": f"{_GET}Content-Length: 0, {len(_SECOND)}\r\n\r\n{_SECOND}",
    "CL plus": f"{_GET}Content-Length: +{len(_SECOND)}\r\n\r\n{_SECOND}",
    "CL minus": f"{_GET}Content-Length: -1\r\n\r\n{_SECOND}",
    "CL hex": f"{_GET}Content-Length: 0x10\r\n\r\n{_SECOND}",
    "CL other digits": f"{_GET}Content-Length: ²\r\n\r\n{_SECOND}",
    "CL right": f"{_GET}Content-Length: {len(_SECOND)}\r\n\r\n{_SECOND}",
    "CL none": f"{_GET}Content-Length: 0\r\n\r\n{_SECOND}",
    "TE right": f"{_GET}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE twice": f"{_GET}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE other": f"{_GET}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE identity": f"{_GET}Transfer-Encoding: identity\r\n\r\n{_SECOND}",
    "TE tab": f"{_GET}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE space before the colon": f"{_GET}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE underscore": f"{_GET}Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE folded": f"{_GET}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{_SECOND}",
    "TE in HTTP/1.0": f"{_GET}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{_SECOND}".replace("1.1", "1.0", 1),
    "a bad chunk": f"{_GET}Transfer-Encoding: chunked\r\n\r\nXX\r\n{_SECOND}",
    "a long chunk": f"{_GET}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{_SECOND}",
    "a chunk's extension": f"{_GET}Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n{_SECOND}",
    "bare LF": f"{_GET}X: a\n\n{_SECOND}",
    "bare CR": f"{_GET}X: a\r\r\n\r\n{_SECOND}",
    "folded": f"{_GET}X: a\r\n b\r\n\r\n{_SECOND}",
    "space before the first header": f"{_GET.replace('Host', ' Host')}\r\n{_SECOND}",
    "no space in the request line": f"GET/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n{_SECOND}",
    "space in the path": f"GET /healthz x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n{_SECOND}",
    "HTTP/0.9": f"GET /healthz\r\n\r\n{_SECOND}",
    "HTTP/2.0": f"GET /healthz HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n{_SECOND}",
    "HTTP/2's preface": f"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{_SECOND}",
    "h2c": f"{_GET}Upgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AA\r\n\r\n{_SECOND}",
    "half an upgrade": f"{_GET.replace('/healthz', '/ws')}Upgrade: websocket\r\n\r\n{_SECOND}",
    "a refused upgrade": f"{_GET.replace('/healthz', '/ws')}Origin: null\r\n{UPGRADE}\r\n{_SECOND}",
    "CONNECT": f"CONNECT 127.0.0.1:8080 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n{_SECOND}",
    "Expect": f"{_GET}Expect: 100-continue\r\nContent-Length: {len(_SECOND)}\r\n\r\n{_SECOND}",
    "a PROXY header": f"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n{_GET}\r\n{_SECOND}",
}


@pytest.mark.parametrize("asked", _SMUGGLED.values(), ids=_SMUGGLED.keys())
def test_no_smuggled_request_is_answered(serving: Serving, asked: str) -> None:
    received = ask_raw(serving.address, asked.encode())
    finals = [status for status in re.findall(rb"HTTP/1\.[01] (\d+) ", received) if status != b"100"]
    assert len(finals) <= 1, received
    assert b"import" not in received, "the second request was answered"
    assert b"HTTP/1.1 101" not in received


_METHODS = ("POST", "PUT", "DELETE", "PATCH", "TRACE", "TRACK", "PROPFIND", "DEBUG", "X" * 20, "X" * 4000)


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("path", ["/", "/ws", "/healthz", f"{FILES}/js/model/room.js", "/nowhere"])
def test_only_get_is_allowed(serving: Serving, method: str, path: str) -> None:
    asked = request(path, f"Cookie: {_MARKER}").replace(b"GET", method.encode(), 1)
    answer = ask(serving.address, asked)
    assert answer.status in {400, 404, 405, 414, 426}
    assert _MARKER.encode() not in answer.body


_OVERSIZE = {
    "a long path": (request("/" + "a" * 5000), 414),
    "a long query": (request("/?" + "a" * 10_000), 414),
    "a long header": (request("/", "X: " + "a" * 9000), 431),
    "a longer header": (request("/", "X: " + "a" * 1_000_000), 431),
    "many headers": (request("/", *[f"X-{n}: a" for n in range(100)]), 431),
    "a header without an end": (request("/", "X: " + "a" * 40_000)[:-4], 431),
    "cookies": (request("/", *["Cookie: " + "a" * 4000] * 20), 431),
    "an expectation": (request("/", "Expect: a miracle"), 417),
    "a coding": (request("/", "Transfer-Encoding: br"), 501),
}


@pytest.mark.parametrize(("asked", "status"), _OVERSIZE.values(), ids=_OVERSIZE.keys())
def test_oversize_requests_are_refused_in_one_sentence(serving: Serving, asked: bytes, status: int) -> None:
    answer = ask(serving.address, asked)
    assert answer.status in {status, 0}, "0: closed while more was coming"
    assert b"aaaa" not in answer.body
    if answer.status:
        assert answer.header("Server") == "oneroom"
        assert all(answer.header(name) for name in _SECURED)


@pytest.mark.parametrize("ranges", [",".join(["0-"] * 1000), "9999999999999999999-"], ids=["many", "far"])
def test_ranges_are_ignored(serving: Serving, ranges: str) -> None:
    answer = ask(serving.address, request(f"{FILES}/js/model/room.js", f"Range: bytes={ranges}"))
    assert answer.status == 200
    assert answer.body in _SERVED
    assert answer.header("Content-Range") is None


_LOG_ATTACKS = [
    f"a\n{_MARKER} ERROR root logged in",
    f"a\r\n{_MARKER}",
    f"a\r{_MARKER}",
    f"a\x1b[2J\x1b[H{_MARKER}",
    f"a\x1b]52;c;{_MARKER}\x07",
    f"a\x9b2J{_MARKER}",
    f"a\u2028{_MARKER}",
    f"a\u2029{_MARKER}",
    f"a\x85{_MARKER}",
    f"a\x0b{_MARKER}",
    f"\u202e{_MARKER}",
    f"%s%n%({_MARKER})s",
    "${jndi:ldap://" + _MARKER + "}",
]


def test_nothing_is_injected_into_logs(serving: Serving, program: Program, server: Program) -> None:
    for words in _LOG_ATTACKS:
        quoted = "".join(f"%{byte:02x}" for byte in words.encode())
        asked = [f"/{quoted}", f"/?{quoted}", f"/static/{quoted}"]
        for path in asked:
            ask(serving.address, request(path, f"User-Agent: {quoted}", f"Referer: {quoted}"))
        raw = words.encode()
        for line in (b"User-Agent: ", b"X-Forwarded-For: ", b"Origin: ", b"Cookie: "):
            ask_raw(serving.address, request("/ws", UPGRADE.strip(), line + raw))
        ask_raw(serving.address, request(b"/" + raw))
        ask_raw(serving.address, raw + b"\r\n\r\n")
        with serving.browse() as browser, suppress(ConnectionClosed):
            for message in (
                {"type": "join", "name": words},
                {"type": "join", "name": "Анна", "session": words},
                {"type": "say", "ref": words, "text": words},
                {"type": words},
                {"type": "authenticate", "password": words},
            ):
                browser.send(json.dumps(message))
            browser.send(words)
            browser.send('{"type":"leave"}')
            while True:
                browser.recv(timeout=TIMEOUT)
    assert _LOG.fullmatch(program.stderr.text), program.stderr.text
    for text in (server.stderr.text, server.stdout.text, program.stdout.text):
        assert _MARKER not in text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", text)
