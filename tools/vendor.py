"""Fetches the libraries of the page anew: `make vendor` writes static/vendor.

Each is taken from npm in the version given here, made one module by esbuild, and kept with its licence. What
the page does not use of it is left out.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_VENDOR: Final = _ROOT / "static" / "vendor"
_BROWSERS: Final = "chrome110,firefox115,safari16.4"  # as in hatch_build.py

_MARKDOWN_IT: Final = "15.0.3"
_RULES: Final = "blockquote, backtick, fence, list, paragraph"
"""What static/js/lib/markdown.js takes, to change it."""
_UNUSED: Final = (
    *("helpers/parse_link_label", "helpers/parse_link_destination", "helpers/parse_link_title", "renderer"),
    *("rules_core/linkify", "rules_core/replacements", "rules_core/smartquotes"),
    *("rules_block/table", "rules_block/code", "rules_block/hr", "rules_block/reference"),
    *("rules_block/html_block", "rules_block/heading", "rules_block/lheading"),
    *("rules_inline/linkify", "rules_inline/newline", "rules_inline/escape", "rules_inline/link"),
    *("rules_inline/image", "rules_inline/autolink", "rules_inline/html_inline", "rules_inline/entity"),
    *("common/html_blocks", "common/html_re"),
)
_LIBRARIES: Final = {
    "linkify-it": "export class LinkifyIt {}",
    "mdurl": "export {};",
    "punycode.js": "export default {};",
    "entities": "export const decodeHTMLStrict = text => text;",
    "uc.micro": r"export const P = /\p{P}/u, S = /\p{S}/u;",
}
"""What stands in for the libraries that markdown-it needs for what is left out."""


_PRISM: Final = "1.30.0"
_LANGUAGES: Final = (
    *(
        "clike",
        "markup",
        "css",
        "javascript",
        "typescript",
        "python",
        "json",
        "sql",
        "c",
        "cpp",
        "java",
        "go",
    ),
    *("rust", "yaml", "diff", "bash"),
)
"""Each after those that it is based on."""


def main() -> None:
    """Write each library."""
    with tempfile.TemporaryDirectory() as folder:
        _write_markdown_it(Path(folder))
        _write_prism(Path(folder))


def _write_markdown_it(folder: Path) -> None:
    package = _fetch("markdown-it", _MARKDOWN_IT, folder)
    source = (package / "dist" / "markdown-it.mjs").read_text(encoding="utf-8")
    for name in _UNUSED:
        part = rf"//#region src/{name}\.ts\n.*?//#endregion"
        source, count = re.subn(part, _stand_in, source, flags=re.DOTALL)
        assert count == 1, name
    entry = package / "entry.mjs"
    entry.write_text(f"{source}\nexport {{ {_RULES} }};\n", encoding="utf-8")
    for name, text in _LIBRARIES.items():
        (package / f"{name}.mjs").write_text(text, encoding="utf-8")
    aliases = [f"--alias:{name}={package / name}.mjs" for name in _LIBRARIES]
    _bundle(entry, package / "LICENSE", _VENDOR / "markdown-it", f"markdown-it {_MARKDOWN_IT}", aliases)


def _stand_in(region: re.Match[str]) -> str:
    """Return empty functions instead of what a part of the source defines."""
    names = re.findall(r"^(?:function|var|const) ([\w$]+)", region[0], re.MULTILINE)
    return "".join(f"var {name} = function () {{ return false; }};\n" for name in names)


def _write_prism(folder: Path) -> None:
    package = _fetch("prismjs", _PRISM, folder)
    parts = [package / "components" / f"prism-{name}.js" for name in ("core", *_LANGUAGES)]
    # Without a window it touches no document, and neither defines nor finds a global of its name.
    lines = ["const window = {}, module = undefined, global = undefined;"]
    lines += [part.read_text(encoding="utf-8") for part in parts]
    lines.append("export const { languages, tokenize } = Prism;")
    entry = package / "entry.mjs"
    entry.write_text("\n".join(lines), encoding="utf-8")
    _bundle(entry, package / "LICENSE", _VENDOR / "prism", f"Prism {_PRISM}", [])


def _fetch(name: str, version: str, folder: Path) -> Path:
    """Return the folder of a package of npm."""
    command = ("npm", "pack", "--silent", f"{name}@{version}")
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob(f"{name}-*.tgz")
    shutil.unpack_archive(archive, folder / name, filter="data")
    return folder / name / "package"


def _bundle(entry: Path, licence: Path, target: Path, what: str, options: list[str]) -> None:
    """Write one module, which begins by saying what it is, and the licence beside it."""
    (holder,) = re.findall("^Copyright .*", licence.read_text(encoding="utf-8"), re.MULTILINE)
    target.mkdir(parents=True, exist_ok=True)
    banner = f"/*! {what}, parts of it. {holder} MIT License. See tools/vendor.py */"
    esbuild = _ROOT / "node_modules" / ".bin" / "esbuild"
    options += ["--bundle", "--format=esm", "--minify", f"--target={_BROWSERS}", "--log-level=error"]
    command = [
        str(esbuild),
        str(entry),
        f"--outfile={target / target.name}.js",
        f"--banner:js={banner}",
        *options,
    ]
    subprocess.run(command, check=True)
    shutil.copyfile(licence, target / "LICENSE")


if __name__ == "__main__":
    main()
