"""Runs `make bench-terminal`."""

import sys

from benchmarks.terminal.bench import main

if __name__ == "__main__":
    sys.exit(main())
