"""Who we are in each room, kept between runs: one file for each name in each room."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from unicodedata import normalize
from urllib.parse import quote

from msgspec import DecodeError, Struct, json

from chat_protocol.address import Address
from chat_protocol.messages import Position, Secret

_LONGEST: Final = 200
"""Most characters of a name in the name of a file, which may have 255."""


class Identity(Struct, frozen=True, omit_defaults=True):
    """A person in a room: the name, the secret of the session, and the newest message read, if known."""

    name: str
    session: Secret
    read: Position | None = None


class NotKept(NamedTuple):
    """Identities cannot be kept: where, and why as the system says it, empty for a damaged file."""

    path: str
    reason: str


class IdentityStore:
    """The identities that one user of this machine has in one room. Any thread.

    They are in `$XDG_STATE_HOME/oneroom`, readable by the user alone. A room is its host, port and
    whether TLS is used: a secret is never shown to another one. No method raises `OSError`: the first
    problem is kept for `take_problem`.
    """

    def __init__(self, address: Address, *, tls: bool) -> None:
        self._lock = threading.Lock()  # guards the rest, and is held while a file is written
        self._problem: NotKept | None = None  # the first one
        self._is_told = False
        self._is_forgotten = False
        room = quote(f"{address}{' tls' if tls else ''}".casefold(), safe=":[] ")
        self.folder = _state_folder() / room
        """Where they are. Other files of the room may be there too, but none called `*.json`."""

    def last_name(self) -> str:
        """Return the name that a person used last: scripts read nothing. Empty if there is none."""
        files: list[tuple[float, Path]] = []
        with suppress(OSError):
            files = [(path.stat().st_mtime, path) for path in self.folder.glob("*.json")]
        identities = (self._read(path) for _, path in sorted(files, reverse=True))
        return next((identity.name for identity in identities if identity and identity.read), "")

    def load(self, name: str) -> Identity | None:
        """Return the identity with that name, None if it is not known."""
        identity = self._read(self._file(name))
        with suppress(OSError):
            if identity is None and self.folder.is_dir():
                return self._read(self._old_file(name))
        return identity

    def save(self, identity: Identity) -> None:
        """Keep an identity, unless it was to be forgotten. Without a position, the stored one is kept."""
        if identity.read is None and (stored := self.load(identity.name)):
            identity = Identity(identity.name, identity.session, stored.read)
        path = self._file(identity.name)
        with self._lock:
            if self._is_forgotten:
                return
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                replace_file(path, json.encode(identity))
            except OSError as error:
                self._note(path, error.strerror or str(error))

    def forget(self, name: str) -> None:
        """Delete the identity with that name, and keep none from now on."""
        with self._lock:
            self._is_forgotten = True
            for path in (self._file(name), self._old_file(name)):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    self._note(path, error.strerror or str(error))

    def take_problem(self) -> NotKept | None:
        """Return the first problem, but only once."""
        with self._lock:
            if self._problem is None or self._is_told:
                return None
            self._is_told = True
            return self._problem

    def _file(self, name: str) -> Path:
        quoted = quote(key_of_name(name), safe=" ")
        return self.folder / f"{quoted}.json" if len(quoted) <= _LONGEST else self._old_file(name)

    def _old_file(self, name: str) -> Path:
        """Return the file of a long name, where 0.2.0 has kept all."""
        from hashlib import sha256  # noqa: PLC0415 - OpenSSL is a twentieth of the start of the filter

        return self.folder / f"{sha256(key_of_name(name).encode()).hexdigest()[:32]}.json"

    def _read(self, path: Path) -> Identity | None:
        try:
            return json.decode(path.read_bytes(), type=Identity)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = error.strerror or str(error)
        except (DecodeError, UnicodeError):
            reason = ""
        with self._lock:
            self._note(path, reason)
        return None

    def _note(self, path: Path, reason: str) -> None:
        """Requires holding `_lock`."""
        self._problem = self._problem or NotKept(str(path), reason)


def key_of_name(name: str) -> str:
    """Return what is the same for names that the room takes for one."""
    return " ".join(normalize("NFKC", name).casefold().split())


def _state_folder() -> Path:
    """Return the folder (XDG Base Directory Specification); for a user without a home one that cannot be."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    with suppress(RuntimeError):
        if not state.is_absolute():
            state = Path.home() / ".local" / "state"
    return (state if state.is_absolute() else Path(os.devnull)) / "oneroom"


def replace_file(path: Path, data: bytes) -> None:
    """Write a file that is there either as before or whole, readable by its user alone. Raises `OSError`."""
    new = path.with_name(f"tmp{os.urandom(8).hex()}")
    try:
        only_its_user = 0o600
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, only_its_user), "wb") as file:
            file.write(data)
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
