"""TLS between a client and a proxy in front of a room, with real certificates."""

import hashlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from chat_protocol import messages as m
from chat_protocol.address import Address
from chat_protocol.codec import encode
from chat_protocol.connection import Connection
from chat_protocol.contract import PROMPT
from chat_protocol.errors import BadTls, ConnectionFailed, TlsFailed
from chat_protocol.tls import Tls
from tests.chat_protocol.scripted_server import scripted_server
from tests.support.certificates import Certificate, self_signed
from tests.support.processes import Output
from tests.support.requirements import OPENSSL, needs_openssl
from tests.support.tls_front import tls_front

pytestmark = needs_openssl

VERSIONS = pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"), "localhost")


@pytest.fixture(scope="module")
def expired(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate with the same name and key that has expired."""
    folder = tmp_path_factory.mktemp("expired")
    (folder / "index").touch()
    (folder / "ca.cnf").write_text(
        "[old]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n"
        "copy_extensions=copy\n[any]\ncommonName=optional\n"
    )
    request = f"req -new -key {certificate.key} -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    sign = f"ca -batch -config ca.cnf -name old -selfsign -keyfile {certificate.key} -rand_serial"
    days = "-startdate 20200101000000Z -enddate 20200102000000Z"
    for command in (f"{request} -out request", f"{sign} {days} -in request -notext -out crt"):
        subprocess.run([OPENSSL, *command.split()], cwd=folder, check=True, capture_output=True, timeout=30)
    return certificate._replace(public=folder / "crt")


def trusting(certificate: Certificate) -> Tls:
    return Tls(ca=str(certificate.public))


def fingerprint(certificate: Certificate) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.public.read_text())).hexdigest()


def send_prompt_and_wait(client: socket.socket) -> None:
    client.sendall(PROMPT)
    while client.recv(65536):
        pass


@VERSIONS
def test_both_directions_at_full_speed_without_an_error(
    certificate: Certificate, newest: ssl.TLSVersion
) -> None:
    """Both ends write as fast as they can before either has read everything."""
    size = 12 * 1024 * 1024
    lines = b"".join(b"%07d" % number + b"x" * 4088 + b"\n" for number in range(size // 4096))
    digests: list[str] = []

    def script(client: socket.socket) -> None:
        digest, left = hashlib.sha256(), len(lines)
        client.sendall(PROMPT)
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(client.sendall, lines)
            while left:
                chunk = client.recv(65536)
                assert chunk
                digest.update(chunk)
                left -= len(chunk)
            writing.result(30)
        digests.append(digest.hexdigest())

    expected = hashlib.sha256(lines).hexdigest()
    with (
        scripted_server(script) as room,
        tls_front(certificate, room, newest) as front,
        ThreadPoolExecutor(2) as pool,
        Connection.open(front.address, idle_timeout=20, tls=trusting(certificate)) as connection,
    ):
        # Two sending threads, whose lines must not mix.
        half = len(lines) // 2
        first = threading.Event()

        def send(part: bytes, after: threading.Event | None) -> None:
            if after:
                assert after.wait(20)
            for start in range(0, len(part), 40960):
                connection.send_bytes(part[start : start + 40960])
            first.set()

        sending = [pool.submit(send, lines[:half], None), pool.submit(send, lines[half:], first)]
        digest, left = hashlib.sha256(), len(lines)
        while left:
            block = connection.receive()
            assert block
            digest.update(block)
            left -= len(block)
        for each in sending:
            each.result(30)
        assert digest.hexdigest() == expected
        assert connection.receive() == b""  # close_notify
    assert digests == [expected]


def test_a_blocked_receive_does_not_block_sending(certificate: Certificate) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(PROMPT)
        with client.makefile("rwb") as lines:
            for line in lines:
                lines.write(line)
                lines.flush()

    with (
        scripted_server(script) as room,
        tls_front(certificate, room) as front,
        ThreadPoolExecutor(1) as pool,
        Connection.open(front.address, tls=trusting(certificate)) as connection,
    ):
        for number in range(50):
            reading = pool.submit(connection.receive)
            connection.send(m.Say(text=str(number), ref="r"))
            assert reading.result(10) == encode(m.Say(text=str(number), ref="r"))


def test_close_wakes_a_blocked_receive(certificate: Certificate) -> None:
    with (
        scripted_server(send_prompt_and_wait) as room,
        tls_front(certificate, room) as front,
        ThreadPoolExecutor(1) as pool,
    ):
        connection = Connection.open(front.address, tls=trusting(certificate))
        reading = pool.submit(connection.receive)
        connection.close()
        connection.close()
        assert reading.exception(10) or reading.result() == b""
        with pytest.raises(ConnectionFailed):
            connection.send(m.Ping())


def test_close_notify_is_an_end_and_a_cut_is_a_loss(certificate: Certificate) -> None:
    with (
        scripted_server(lambda client: client.sendall(PROMPT + encode(m.Pong()))) as room,
        tls_front(certificate, room) as front,
        Connection.open(front.address, tls=trusting(certificate)) as connection,
    ):
        assert list(connection.events()) == [m.Pong()]
    with (
        scripted_server(send_prompt_and_wait) as room,
        tls_front(certificate, room) as front,
        Connection.open(front.address, tls=trusting(certificate)) as connection,
    ):
        front.cut.set()
        with pytest.raises(ConnectionFailed, match="connection lost"):
            connection.receive()


def test_the_idle_timeout(certificate: Certificate) -> None:
    with (
        scripted_server(send_prompt_and_wait) as room,
        tls_front(certificate, room) as front,
        Connection.open(front.address, idle_timeout=0.2, tls=trusting(certificate)) as connection,
        pytest.raises(ConnectionFailed) as lost,
    ):
        connection.receive()
    assert isinstance(lost.value.__cause__, TimeoutError)


@VERSIONS
def test_the_host_name_is_sent_and_checked(certificate: Certificate, newest: ssl.TLSVersion) -> None:
    with scripted_server(send_prompt_and_wait) as room, tls_front(certificate, room, newest) as front:
        named = Address("localhost", front.address.port)
        Connection.open(named, tls=trusting(certificate)).close()
        assert front.names == ["localhost"]


def colons(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, 64, 2)).upper()


def test_the_fingerprint_as_openssl_prints_it(certificate: Certificate) -> None:
    command = [OPENSSL, "x509", "-noout", "-fingerprint", "-sha256", "-in", str(certificate.public)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    assert "=" in printed
    with scripted_server(send_prompt_and_wait) as room, tls_front(certificate, room) as front:
        Connection.open(front.address, tls=Tls(pin=printed.rstrip())).close()


@pytest.mark.parametrize("written", [str, colons], ids=["plain", "colons"])
def test_a_pinned_certificate_needs_no_authority_and_no_name(
    certificate: Certificate, expired: Certificate, written: Callable[[str], str]
) -> None:
    for shown in (certificate, expired):
        with scripted_server(send_prompt_and_wait) as room, tls_front(shown, room) as front:
            Connection.open(front.address, tls=Tls(pin=written(fingerprint(shown)))).close()


def failure(certificate: Certificate, tls: Tls, host: str = "127.0.0.1") -> TlsFailed:
    room = Address("127.0.0.1", 1)  # never connected to
    with tls_front(certificate, room) as front, pytest.raises(TlsFailed) as failed:
        Connection.open(Address(host, front.address.port), tls=tls)
    return failed.value


def test_wrong_certificates_are_refused(
    certificate: Certificate, expired: Certificate, tmp_path: Path
) -> None:
    other = self_signed(tmp_path, "elsewhere.example")
    assert failure(certificate, Tls()).code == "untrusted"
    assert failure(certificate, trusting(other)).code == "untrusted"
    assert failure(expired, trusting(expired)).code == "expired"
    assert failure(certificate, Tls(pin="0" * 64)).code == "wrong_pin"
    assert failure(other, Tls(pin=fingerprint(certificate))).code == "wrong_pin"
    assert failure(other, trusting(other), "localhost").code == "wrong_host"
    # If both are given, both must be right.
    both = Tls(ca=str(other.public), pin=fingerprint(certificate))
    assert failure(certificate, both).code == "untrusted"
    both = Tls(ca=str(certificate.public), pin="0" * 64)
    assert failure(certificate, both).code == "wrong_pin"


def test_the_common_name_is_not_checked(certificate: Certificate, tmp_path: Path) -> None:
    """Authorities do not verify common names: only the alternative names count, of any kind."""
    public = tmp_path / "crt"
    request = (
        f"req -x509 -key {certificate.key} -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([OPENSSL, *request.split(), "-out", public], check=True, capture_output=True, timeout=30)
    numbered = certificate._replace(public=public)
    assert failure(numbered, trusting(numbered), "localhost").code == "wrong_host"
    with scripted_server(send_prompt_and_wait) as room, tls_front(numbered, room) as front:
        Connection.open(front.address, tls=trusting(numbered)).close()


@pytest.mark.parametrize("answer", [PROMPT, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_a_server_without_tls_is_recognized(certificate: Certificate, answer: bytes) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(answer)
        client.recv(65536)

    with scripted_server(script) as address, pytest.raises(TlsFailed) as failed:
        Connection.open(address, tls=trusting(certificate))
    assert failed.value.code == "not_tls"


def test_an_old_version_is_refused(certificate: Certificate) -> None:
    def script(client: socket.socket) -> None:
        hello = client.recv(65536)
        assert hello[:2] == b"\x16\x03"
        client.sendall(bytes.fromhex("15 0301 0002 02 46"))  # alert: protocol_version

    with scripted_server(script) as address, pytest.raises(TlsFailed) as failed:
        Connection.open(address, tls=trusting(certificate))
    assert failed.value.code == "tls"


@pytest.mark.parametrize("answer", [b"", b"\x16\x03"], ids=["silent", "half"])
def test_a_handshake_has_a_deadline(certificate: Certificate, answer: bytes) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(answer)
        while client.recv(65536):
            pass

    begun = monotonic()
    with scripted_server(script) as address, pytest.raises(ConnectionFailed) as failed:
        Connection.open(address, timeout=0.3, tls=trusting(certificate))
    assert isinstance(failed.value.__cause__, TimeoutError)
    assert monotonic() - begun < 10


def test_without_tls_at_a_tls_port(certificate: Certificate) -> None:
    with tls_front(certificate, Address("127.0.0.1", 1)) as front, pytest.raises(ConnectionFailed):
        Connection.open(front.address, timeout=0.3)


@pytest.mark.parametrize("pin", ["12", "g" * 64, "0" * 63, "0" * 65, "٣" * 64])
def test_invalid_fingerprints_are_refused_at_once(pin: str) -> None:
    with pytest.raises(BadTls):
        Tls(pin=pin)


def test_files_without_certificates_are_refused_at_once(certificate: Certificate, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for path in (tmp_path / "none", tmp_path, empty, certificate.key):
        with pytest.raises(BadTls):
            Tls(ca=str(path))


class Server:
    """`openssl s_server`: its console commands can do what Python's `ssl` cannot."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self._keys = process.stdin
        self.output = Output(process.stdout)
        line = self.output.wait_for(lambda text: "ACCEPT 127" in text)
        self.address = Address("127.0.0.1", int(line.partition("ACCEPT ")[2].split()[0].rpartition(":")[2]))

    def type(self, keys: bytes) -> None:
        """Type text for the client, or a command."""
        self._keys.write(keys)
        self._keys.flush()


@contextmanager
def s_server(certificate: Certificate, version: str) -> Iterator[Server]:
    files = ["-cert", str(certificate.public), "-key", str(certificate.key)]
    with subprocess.Popen(
        [OPENSSL, "s_server", version, "-accept", "127.0.0.1:0", *files],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        server = Server(process)
        try:
            yield server
        finally:
            process.kill()
            process.wait()
            server.output.join()


def open_connection(server: Server, certificate: Certificate) -> Connection:
    """Open a connection, with the prompt typed at the server's console."""
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(Connection.open, server.address, idle_timeout=10, tls=trusting(certificate))
        server.output.wait_for("CIPHER is")
        server.type(PROMPT)
        return opening.result(15)


def test_key_updates(certificate: Certificate) -> None:
    with s_server(certificate, "-tls1_3") as server, open_connection(server, certificate) as connection:
        for number in range(20):
            server.type(b"K\n")  # update the keys of both directions
            connection.send(m.Say(text=f"before {number}", ref="r"))
            server.output.wait_for(f"before {number}")  # so the server has read what was typed
            server.type(b'{"type":"pong"}\n')
            assert connection.receive() == b'{"type":"pong"}\n'
            connection.send(m.Say(text=f"after {number}", ref="r"))
            server.output.wait_for(f"after {number}")
        assert server.output.text.count("SSL_do_handshake -> 1") == 20
