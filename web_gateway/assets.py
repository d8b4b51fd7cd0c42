"""The page and its files: read, joined and compressed once, when the gateway starts."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import brotli
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from werkzeug.datastructures import Accept

from chat_protocol.commands import describe_table
from chat_protocol.emoji import EMOJI_FILE

LANGUAGES: Final = ("en", "ru")
"""The languages of the page. Readers of others get the first."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/manifest+json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_TEXTS = "i18n"  # folder of the texts, which are part of the HTML and not served as files
_BOOT = "js/boot.js"  # likewise
_QUALITY = 5  # of brotli: the highest one, 11, saves 9 % more and takes 30 times as long

_JS_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*"(\.{1,2}/[^"]+\.js)";""", re.MULTILINE)
_CSS_IMPORT = re.compile(r'^@import "([^"]+)";\n', re.MULTILINE)


class Asset(NamedTuple):
    """The body of a response, in several content codings."""

    content_type: str
    bodies: dict[str, bytes]
    """By content coding (RFC 9110, section 8.4.1), the smallest first; `identity` is one of them."""

    def negotiate(self, accepted: Accept) -> tuple[str, bytes]:
        """Return the smallest body that a client accepts, and its content coding."""
        coding = next((coding for coding in self.bodies if accepted[coding] > 0), "identity")
        return coding, self.bodies[coding]


class Assets:
    """All that makes up the page. Not changed after it is made."""

    def __init__(self, static: Path, templates: Path) -> None:
        """Read the files in the folders `static` and `templates`."""
        contents = {path.relative_to(static).as_posix(): path.read_bytes() for path in _files(static)}
        contents["emoji.txt"] = EMOJI_FILE.read_bytes()
        template = (templates / "index.html").read_bytes()
        commands = json.dumps(describe_table()).encode()
        self.version = _digest(contents | {"/index.html": template, "/commands": commands})
        """A hash of all of it. Files are served below it, so they can be cached for ever."""
        served = {
            name: body
            for name, body in contents.items()
            if name != _BOOT and not name.startswith(f"{_TEXTS}/")
        }
        served["css/page.css"] = _CSS_IMPORT.sub(
            lambda found: served[f"css/{found[1]}"].decode(), served["css/page.css"].decode()
        ).encode()
        self.files = {name: compress(name, body) for name, body in served.items()}
        """The files by name, like `js/app.js`."""
        self.boot_hash = base64.b64encode(hashlib.sha256(contents[_BOOT]).digest()).decode()
        """The hash of the script in the HTML, by which the page's policy allows it (CSP, section 2.3.1)."""
        self.pages = dict(self._render(template.decode(), contents))
        """The HTML by language."""

    def _render(self, template: str, contents: dict[str, bytes]) -> Iterator[tuple[str, Asset]]:
        jinja = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        jinja.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
        page = jinja.from_string(template)
        modules = _modules("js/app.js", contents)
        logo, boot = (Markup(contents[name].decode()) for name in ("icons/oneroom.svg", _BOOT))  # noqa: S704 - ours
        for language in LANGUAGES:
            texts = json.loads(contents[f"{_TEXTS}/{language}.json"])
            html = page.render(
                language=language,
                version=self.version,
                asset=self._address,
                modules=modules,
                logo=logo,
                boot=boot,
                texts=texts,
                commands=describe_table(),
                t=texts.__getitem__,
            )
            yield language, _compress("text/html; charset=utf-8", html.encode())

    def _address(self, name: str) -> str:
        """Return the address of a file, relative to the page's."""
        assert name in self.files, name
        return f"static/{self.version}/{name}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))


def _digest(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in sorted(contents.items()):
        digest.update(f"{len(name)} {name} {len(body)} ".encode() + body)
    return digest.hexdigest()[:16]


def _modules(entry: str, contents: dict[str, bytes]) -> list[str]:
    """Return the ES modules that `entry` imports, directly or not: the browser can load them at once."""
    found = [entry]
    for name in found:
        for target in _JS_IMPORT.findall(contents[name].decode()):
            module = _resolve(name, target)
            if module not in found:
                found.append(module)
    return found[1:]


def _resolve(base: str, target: str) -> str:
    parts = base.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def compress(name: str, body: bytes) -> Asset:
    """Return the response to a request for a file."""
    return _compress(_TYPES.get(Path(name).suffix, "application/octet-stream"), body)


def _compress(content_type: str, body: bytes) -> Asset:
    bodies = {
        "br": brotli.compress(body, quality=_QUALITY),
        "gzip": gzip.compress(body, mtime=0),
        "identity": body,
    }
    smallest_first = dict(sorted(bodies.items(), key=lambda item: len(item[1])))
    return Asset(content_type, smallest_first)
