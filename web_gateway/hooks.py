"""Webhooks: addresses at which programs say something in the room without a client.

They stand in a TOML file (`--hooks FILE`), each with its name, the digest of its secret, and the file with
the token that the room wants for this name (`oneroom-server --reserve NAME=FILE`).
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from stat import S_IRWXG, S_IRWXO
from time import monotonic, sleep
from typing import Annotated, Final, NamedTuple

import msgspec

from chat_protocol.settings import BadConfig, read_text

_SECRET_BYTES: Final = 32

_PAUSE: Final = 0.05
"""Seconds between two looks whether another call has ended."""


class Hook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One webhook: `secret` is the SHA-256 of its secret, `token` a file, beside that of the hooks or not."""

    name: str
    secret: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    token: str

    @contextmanager
    def turn(self, folder: Path, timeout: float) -> Iterator[str]:
        """Let the caller be the only one that calls this hook, of all processes; give its token.

        `folder` has the file of the hooks. Raises `TimeoutError` after so many seconds, and `BadConfig` if
        the file of the token cannot be read.
        """
        deadline = monotonic() + timeout
        path = folder / self.token
        token = read_text(str(path)).strip()
        with path.open(encoding="utf-8") as file:
            while not _lock(file.fileno()):
                if monotonic() > deadline:
                    raise TimeoutError
                sleep(_PAUSE)
            yield token


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hook: tuple[Hook, ...] = ()


class _Read(NamedTuple):
    """What a file had, and by what a change of it is noticed."""

    version: tuple[int, int, int]
    hooks: Sequence[Hook]


class Hooks:
    """The hooks of a file, which is read again when it has changed. Any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.folder = path.parent
        """Where the file is."""
        self._read = _Read((0, 0, 0), ())  # replaced as a whole

    def find(self, secret: str) -> Hook | None:
        """Return the hook with this secret; takes constant time. Raises `BadConfig`."""
        digest = digest_of(secret)
        found = None
        for hook in self.all():
            if hmac.compare_digest(hook.secret, digest):
                found = hook
        return found

    def all(self) -> Sequence[Hook]:
        """Return all of them. Raises `BadConfig`."""
        try:
            status = self._path.stat()
        except OSError as error:
            raise BadConfig(f"cannot read {self._path}: {error.strerror}") from None
        version = status.st_mtime_ns, status.st_size, status.st_ino
        if self._read.version != version:
            self._read = _Read(version, load(self._path))
        return self._read.hooks


def _lock(descriptor: int) -> bool:
    """Lock an open file, until it is closed, unless it is locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def digest_of(secret: str) -> str:
    """Return the digest of a secret, as the file has it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def load(path: Path) -> Sequence[Hook]:
    """Read a file of hooks. Raises `BadConfig`."""
    try:
        hooks = msgspec.convert(tomllib.loads(read_text(str(path))), _File).hook
        mode = path.stat().st_mode
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"cannot read {path}: it is not TOML: {error}") from None
    except (msgspec.ValidationError, OSError) as error:
        raise BadConfig(f"cannot read {path}: {error}") from None
    if mode & (S_IRWXG | S_IRWXO):
        raise BadConfig(f"others may read {path}: chmod 600 {path}")
    return hooks


def add(path: Path, name: str, token: Path, show: Callable[[str], object] = lambda _: None) -> str:
    """Add a hook to a file, and make the file and that of its token if they are missing; return its secret.

    `show` is called with the secret before any file changes: if it raises, none does. Raises `BadConfig` if
    there is a hook of that name, or a file cannot be used.
    """
    hooks = load(path) if path.exists() else ()
    if any(hook.name == name for hook in hooks):
        raise BadConfig(f"{path} has a hook {name} already; remove it first")
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    is_beside = token.absolute().parent == path.absolute().parent  # both may be moved together
    hook = Hook(name, digest_of(secret), token.name if is_beside else str(token.absolute()))
    with ExitStack() as files:  # it replaces the file of the token first
        files.enter_context(_replacing(path, _toml([*hooks, hook])))
        if not token.exists():
            files.enter_context(_replacing(token, secrets.token_urlsafe(_SECRET_BYTES) + "\n"))
        show(secret)
    return secret


def remove(path: Path, name: str) -> None:
    """Remove a hook; its address leads nowhere from then on. Raises `BadConfig` if there is none."""
    hooks = load(path)
    kept = [hook for hook in hooks if hook.name != name]
    if len(kept) == len(hooks):
        raise BadConfig(f"{path} has no hook {name}")
    with _replacing(path, _toml(kept)):
        pass


def _toml(hooks: Sequence[Hook]) -> str:
    tables = (
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in msgspec.structs.asdict(hook).items())
        for hook in hooks
    )
    return "\n".join(f"[[hook]]\n{table}" for table in tables)


@contextmanager
def _replacing(path: Path, text: str) -> Iterator[None]:
    """Write the new content of a file, readable by its owner only, and replace the file after the block.

    If the block raises, the file stays as it is. Raises `BadConfig`.
    """
    unfinished = ""
    try:
        descriptor, unfinished = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield
        Path(unfinished).replace(path)
    except BaseException as error:
        if unfinished:
            Path(unfinished).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BadConfig(f"cannot write {path}: {error.strerror}") from None
        raise
