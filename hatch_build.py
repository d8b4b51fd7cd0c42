"""Bundles the page for wheels and source archives, and adds the man pages to wheels; hatchling calls it.

Does nothing in an editable install, which serves the modules as they are. Without esbuild (`npm install`)
they are packed as they are too. A source archive carries its bundle, so that wheels made of it need no Node.

For a release ONEROOM_URL is where the repository can be read, such as `https://example.org/oneroom`: a
package index has no files of ours, so the links of the README lead there, to the version that is built.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_ENTRIES = (
    *("static/js/app.js", "static/js/boot.js", "static/js/tools.js", "static/js/lib/highlight.js"),
    "static/css/page.css",
)
_ALONE = ("static/js/view/terminal_view.js", "static/js/view/transcript/live_view.js")
"""Wanted later, if at all: with what they share in files of their own, all would load one more at first."""
_BROWSERS = "chrome110,firefox115,safari16.4"
_AS_THEY_ARE = ("icons", "i18n")


class AddressHook(MetadataHookInterface):
    """Adds the README, and where the project can be found."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set both."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        if url := os.environ.get("ONEROOM_URL", "").rstrip("/"):
            version = f"v{metadata['version']}"
            metadata["urls"] = {
                "Source": url,
                "Documentation": f"{url}/blob/{version}/README.md#read-more",
                "Changelog": f"{url}/blob/{version}/CHANGELOG.md",
                "Issues": f"{url}/issues",
            }
            readme = absolute(readme, url, version)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def absolute(readme: str, url: str, version: str) -> str:
    """Return a README whose links to files of the repository lead to that version of them, elsewhere."""
    pictures = re.sub(r'(!\[[^]]*\]\(|src(?:set)?=")(?!https?:)', rf"\1{url}/raw/{version}/", readme)
    return re.sub(r"((?<!!)\[[^]]*\]\()(?!https?:|#)", rf"\1{url}/blob/{version}/", pictures)


class BundleHook(BuildHookInterface[Any]):
    """Adds the page's files to what is built."""

    _made: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle the page, or take what there is."""
        if version == "editable":
            return
        root = Path(self.root)
        page = root / "bundle"
        if not page.is_dir():
            page = self._bundle(root) or root / "static"
        if self.target_name == "wheel":
            build_data["force_include"][str(page)] = "web_gateway/static"
            if share := os.environ.get("ONEROOM_SHARE"):  # of tools/manuals.py, for a release
                for path in (root / share).rglob("*"):
                    if path.is_file():
                        build_data["shared_data"][str(path)] = f"share/{path.relative_to(root / share)}"
        elif page != root / "static":
            build_data["force_include"][str(page)] = "bundle"

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        """Remove the bundle that was made."""
        if self._made is not None:
            shutil.rmtree(self._made)

    def _bundle(self, root: Path) -> Path | None:
        if not esbuild(root).exists():
            self.app.display_warning("esbuild is not installed: the page's modules are packed as they are")
            return None
        self._made = page = Path(tempfile.mkdtemp())
        bundle(root, page)
        return page


def esbuild(root: Path) -> Path:
    """Return where the program is that `bundle` runs, if it is installed."""
    return root / "node_modules" / ".bin" / "esbuild"


def bundle(root: Path, page: Path) -> None:
    """Write the page in few files into the folder `page`, which exists."""
    flags = (
        "--bundle",
        "--minify",
        "--format=esm",
        f"--target={_BROWSERS}",
        "--log-level=warning",
    )
    to = ("--outbase=static", f"--outdir={page}")
    # What the entries share is a file of its own, so that each module exists once.
    shared = ("--splitting", "--chunk-names=js/[name]-[hash]")
    subprocess.run([esbuild(root), *_ENTRIES, *flags, *shared, *to], cwd=root, check=True)
    subprocess.run([esbuild(root), *_ALONE, *flags, *to], cwd=root, check=True)
    for name in _AS_THEY_ARE:
        shutil.copytree(root / "static" / name, page / name)
