"""Mutations of valid input for the fuzzers; the same seed gives the same bytes."""

import random
from collections.abc import Callable, Sequence
from typing import Final

_JUNK: Final = (
    *(
        b"\0",
        b"\xff",
        b"\xfe\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xe2\x82",
        b"\x1b[2J",
    ),
    *(b"\n", b"\r\n", b"\r", b"\n\n\n", b"{", b"}", b'"', b"\\", b"\\u0000", b"\\ud800", b":", b"/", b" "),
    *(
        "\u202e".encode(),
        "\u2028".encode(),
        "\x85".encode(),
        "\ufeff".encode(),
        "👩‍👩‍👧".encode(),
        "ﷺ".encode(),
    ),
    *(
        b"null",
        b"[]",
        b"{}",
        b"1e999",
        b"-0",
        b"true",
        b"NaN",
        b"%s%n",
        b"../../",
        b"PROXY ",
        b"GET / HTTP/1.1\r\n",
    ),
    *(b"\x16\x03\x01", b'"type":', b'"text":', b'"ref":', b"Content-Length: 5\r\n", b"chunked"),
)
_NUMBERS: Final = (
    b"-1",
    b"0",
    b"9007199254740993",
    b"18446744073709551616",
    b"1" * 400,
    b"1e400",
    b"0.5",
    b"",
)


class Mutator:
    """Makes invalid bytes of valid ones."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._mutations: tuple[Callable[[bytes], bytes], ...] = (
            self._cut,
            self._drop,
            self._double,
            self._flip,
            self._insert,
            self._renumber,
            self._nest,
            self._stretch,
            self._swap,
        )

    def mutate(self, good: bytes) -> bytes:
        """Apply one to four mutations."""
        bad = good
        for _ in range(self.rng.choice((1, 1, 1, 2, 3, 4))):
            bad = self.rng.choice(self._mutations)(bad)
        return bad

    def conversation(self, parts: Sequence[bytes], most: int = 8) -> bytes:
        """Join some of the parts in any order, most of them mutated."""
        chosen = self.rng.choices(parts, k=self.rng.randint(1, most))
        return b"".join(self.mutate(part) if self.rng.random() < 0.6 else part for part in chosen)

    def pieces(self, data: bytes) -> list[bytes]:
        """Split `data` as a network might: mostly not, sometimes after every byte."""
        chance = self.rng.random()
        if chance < 0.5 or len(data) < 2:
            return [data]
        if chance < 0.6 and len(data) < 200:
            return [data[at : at + 1] for at in range(len(data))]
        cuts = sorted(self.rng.sample(range(1, len(data)), min(len(data) - 1, self.rng.randint(1, 4))))
        return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def _place(self, data: bytes) -> int:
        return self.rng.randint(0, len(data))

    def _span(self, data: bytes) -> tuple[int, int]:
        start = self._place(data)
        return start, min(len(data), start + self.rng.choice((1, 1, 2, 4, 8, 32, 256)))

    def _cut(self, data: bytes) -> bytes:
        return data[: self._place(data)]

    def _drop(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _double(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:end] + data[start:end] * self.rng.choice((1, 1, 2, 50)) + data[end:]

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return data
        changed = bytearray(data)
        for _ in range(self.rng.choice((1, 1, 2, 8))):
            changed[self.rng.randrange(len(changed))] ^= 1 << self.rng.randrange(8)
        return bytes(changed)

    def _insert(self, data: bytes) -> bytes:
        at = self._place(data)
        junk = self.rng.choice((self.rng.choice(_JUNK), self.rng.randbytes(self.rng.randint(1, 20))))
        return data[:at] + junk + data[at:]

    def _renumber(self, data: bytes) -> bytes:
        places = [at for at in range(len(data)) if data[at : at + 1].isdigit()]
        if not places:
            return self._insert(data)
        at = self.rng.choice(places)
        return data[:at] + self.rng.choice(_NUMBERS) + data[at + 1 :]

    def _nest(self, data: bytes) -> bytes:
        at, depth = self._place(data), self.rng.choice((3, 100, 3000))
        opening = self.rng.choice((b"[", b'{"a":'))
        return data[:at] + opening * depth + data[at:]

    def _stretch(self, data: bytes) -> bytes:
        at, size = self._place(data), self.rng.choice((33, 33, 300, 300, 300, 4097, 70_000))
        return data[:at] + self.rng.choice((b"a", b" ", b"\xd1", b"\xff", b"\0")) * size + data[at:]

    def _swap(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[end:] + data[start:end] + data[:start]
