"""A command with much output of all kinds: `python -m tests.faults.noisy_command SEED LINES SECONDS CODE`.

The same seed and number of lines write the same bytes, over so many seconds; the exit code is `CODE`.
"""

import random
import sys
import time
from collections.abc import Iterator

_WORDS = ("сборка", "ok", "テスト", "🎉", "e\u0301té", "<b>&amp;", "x" * 30, "вывод команды", "—")
_COLOURS = ("31", "1;32", "38;5;208", "38;2;10;200;90", "4;44", "7")
_PIECES = 60


def output(seed: int, lines: int) -> Iterator[bytes]:
    """Yield what the command writes, in pieces that need not be whole lines or characters."""
    rng = random.Random(seed)
    data = "".join(_lines(rng, lines)).encode()
    size = len(data) // _PIECES + 1
    return (data[start : start + size] for start in range(0, len(data), size))


def _lines(rng: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        yield f"{number} {_text(rng)}\n"
        if number % 500 == 250:
            for percent in range(0, 101, 20):  # a progress bar
                yield f"\r{percent} % {'#' * (percent // 5)}"
            yield "\n"
        if number % 1000 == 750:
            yield "a\nb\nc\n"  # three that move together
            for step in range(4):
                yield "\x1b[3A" + "".join(f"{name} {step} {_text(rng)[:40]}\x1b[K\n" for name in "abc")
    yield "the last line has no end"


def _text(rng: random.Random) -> str:
    text = " ".join(rng.choices(_WORDS, k=8))
    return f"\x1b[{rng.choice(_COLOURS)}m{text}\x1b[0m" if rng.random() < 0.2 else text


def main(seed: str, lines: str, seconds: str, code: str) -> int:
    """Write it."""
    for piece in output(int(seed), int(lines)):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        time.sleep(float(seconds) / _PIECES)
    return int(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
