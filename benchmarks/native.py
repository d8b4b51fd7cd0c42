"""Builds the programs in C when they are first needed. In Python the load generator would be too slow."""

import os
import shutil
import subprocess
from pathlib import Path

_SOURCES = Path(__file__).resolve().parent
ROOT = _SOURCES.parent
BUILD = ROOT / "build" / "benchmarks"


class NoCompiler(Exception):
    """There is no C compiler; the text says what to do."""


def build(name: str) -> Path:
    """Compile `name`.c if it has changed, and return the program. Raises `NoCompiler`."""
    source, program = _SOURCES / f"{name}.c", BUILD / name
    newest = max(path.stat().st_mtime for path in (source, *_SOURCES.glob("*.h")))
    if program.exists() and program.stat().st_mtime > newest:
        return program
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise NoCompiler("the load generator is written in C: install a compiler, for example gcc")
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [compiler, "-O3", "-march=native", "-Wall", "-Wextra", "-o", program, source], check=True, timeout=60
    )
    return program
