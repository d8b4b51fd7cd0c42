"""What is measured of a bridge. Each function takes a running bridge and returns figures by name."""

import re
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, perf_counter, perf_counter_ns, process_time
from typing import Final

from benchmarks.bridge.bridges import Bridge, Program
from benchmarks.bridge.browsers import Browser, Crowd, Speaker

Figures = dict[str, float]

RATE: Final = 200.0
"""Messages a second in the room, where its pace is measured."""

LISTENERS: Final = 100

_SECONDS = 2.0
_TEXT = "a message about as long as people write them in a room, perhaps"
_BATCH_BYTES = 64_000  # of text said at once where as much as possible is said
_BATCHES_AHEAD = 4  # under way at a time: what the room holds back for a slow reader without cutting it
_WINDOW = 16  # says a writer sends ahead of their acknowledgements
_STAMP = re.compile(rb"#(\d{19})#")
_END = re.compile(rb"@(\d{6})@")
_QUIET = 0.5  # seconds after which nothing more is expected


@dataclass(frozen=True)
class Stage:
    """A room, and before it the bridge to be measured; none is the room itself."""

    room: Program
    bridge: Bridge | None = None
    program: Program | None = None

    @property
    def port(self) -> int:
        """Where browsers connect."""
        return (self.program or self.room).port

    def crowd(self, count: int, *, deaf: int = 0) -> Crowd:
        """Let browsers in."""
        return Crowd(self.port, self.bridge, count, deaf=deaf)

    def cpu(self) -> tuple[float, float]:
        """Return the seconds of CPU the bridge has used, in itself and in the kernel."""
        return self.program.cpu() if self.program else (0.0, 0.0)

    def memory(self) -> int:
        """Return the memory of the bridge in KiB."""
        return self.program.memory() if self.program else 0


class _Meter:
    """The CPU a bridge uses in a block, and ourselves with it: at 1.0 we would be what is measured."""

    bridge = kernel = seconds = ourselves = 0.0

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @contextmanager
    def running(self) -> Iterator[None]:
        (user, system), began, own = self._stage.cpu(), perf_counter(), process_time()
        yield
        self.seconds = perf_counter() - began
        user_now, system_now = self._stage.cpu()
        self.kernel = system_now - system
        self.bridge = user_now - user + self.kernel
        self.ourselves = (process_time() - own) / self.seconds


def memory(stage: Stage, sessions: int) -> Figures:
    """Return the KiB that each of so many sessions takes, in the room and idle."""
    with stage.crowd(1):  # what is loaded with the first of all
        before = stage.memory()
    with stage.crowd(sessions) as crowd:
        crowd.drain(_QUIET)
        return {f"memory_{sessions}": (stage.memory() - before) / sessions}


def pace(stage: Stage) -> Figures:
    """Return latency and CPU per delivery with `LISTENERS` browsers at `RATE` messages a second."""
    with stage.crowd(LISTENERS) as crowd, Speaker(stage.room.port) as speaker:
        crowd.drain(_QUIET)
        meter = _Meter(stage)
        with meter.running():
            latencies = _said_and_heard(crowd, speaker, RATE, _SECONDS)
        said = int(RATE * _SECONDS)
        if len(latencies) < 0.999 * said * LISTENERS:
            raise RuntimeError(f"{said * LISTENERS - len(latencies)} deliveries are missing")
        return {
            "p50": _quantile(latencies, 0.5),
            "p99": _quantile(latencies, 0.99),
            "cpu_per_delivery": meter.bridge / len(latencies) * 1e6,
            "kernel_per_delivery": meter.kernel / len(latencies) * 1e6,
            "pace_generator": meter.ourselves,
        }


def _said_and_heard(crowd: Crowd, speaker: Speaker, rate: float, seconds: float) -> list[int]:
    """Say something at a steady rate; return how long each delivery took, in ns."""
    latencies: list[int] = []
    began = perf_counter()
    left = int(rate * seconds)
    due = began
    deadline = began + seconds + 10 * _QUIET
    while (now := perf_counter()) < deadline:
        if left and now >= due:
            speaker.say(f"#{perf_counter_ns():019}# {_TEXT}")
            left -= 1
            due += 1 / rate
        heard = False
        for _, chunk in crowd.hear(max(0.0, due - now) if left else _QUIET):
            heard = True
            arrived = perf_counter_ns()
            latencies.extend([arrived - int(stamp) for stamp in _STAMP.findall(chunk)])
        if not left and not heard:
            break
    return latencies


def saturation(stage: Stage) -> Figures:
    """Return how many deliveries a second reach `LISTENERS` browsers that always want more."""
    with stage.crowd(LISTENERS) as crowd, Speaker(stage.room.port) as speaker:
        crowd.drain(_QUIET)
        meter = _Meter(stage)
        with meter.running():
            ending = monotonic() + _SECONDS
            said = _flood(crowd, crowd.browsers, speaker, _TEXT, lambda _: monotonic() < ending)
        deliveries = said * (_BATCH_BYTES // len(_TEXT) + 1) * LISTENERS
        return {
            "deliveries": deliveries / meter.seconds,
            "cpu_saturated": meter.bridge / deliveries * 1e6,
            "saturation_generator": meter.ourselves,
        }


def _flood(
    crowd: Crowd, listeners: Sequence[Browser], speaker: Speaker, text: str, more: Callable[[int], bool]
) -> int:
    """Say batches of the same text while there is `more`; return how many, once all have heard them.

    The room cuts who is too far behind: so no batch is said before most are heard.
    """
    heard = dict.fromkeys(listeners, 0)
    said = 0
    while more(said) or min(heard.values()) < said:
        while more(said) and said < min(heard.values()) + _BATCHES_AHEAD:
            said += 1
            # Twice, as websockify's frames may begin anywhere, even within one of them.
            end = f"@{said:06}@ and once more: @{said:06}@"
            speaker.say(*[text] * (_BATCH_BYTES // len(text)), end)
        for browser, chunk in crowd.hear(_SECONDS):
            if ends := _END.findall(chunk):
                heard[browser] = int(ends[-1])
    return said


def uploads(stage: Stage, writers: int) -> Figures:
    """Return how many says a second so many browsers get acknowledged, and the CPU for each.

    They all say what they have said already, so that the room acknowledges it and
    nobody hears it: the way from the room to all browsers is measured elsewhere.
    """
    with stage.crowd(writers) as crowd:
        says = [browser.pack({"type": "say", "ref": "again", "text": _TEXT}) for browser in crowd.browsers]
        say = dict(zip(crowd.browsers, says, strict=True))
        for browser in crowd.browsers:
            browser.socket.sendall(say[browser])
        crowd.drain(_QUIET)
        acknowledged = 0
        meter = _Meter(stage)
        with meter.running():
            for browser in crowd.browsers:
                browser.socket.sendall(say[browser] * _WINDOW)
            ending = monotonic() + _SECONDS
            while monotonic() < ending:
                for browser, chunk in crowd.hear(_SECONDS):
                    if count := browser.count(chunk, b'"ack"'):
                        acknowledged += count
                        browser.socket.sendall(say[browser] * count)
        return {
            f"uploads_{writers}": acknowledged / meter.seconds,
            f"cpu_per_upload_{writers}": meter.bridge / acknowledged * 1e6,
            f"uploads_{writers}_generator": meter.ourselves,
        }


def multitude(stage: Stage, sessions: int = 2000, deaf: int = 50, rate: float = 5.0) -> Figures:
    """Return what `sessions` feel of `deaf` ones that stop reading, and how fast the page is then."""
    with stage.crowd(sessions, deaf=deaf) as crowd, Speaker(stage.room.port) as speaker:
        crowd.drain(_QUIET)
        calm = _said_and_heard(crowd, speaker, rate, _SECONDS)
        memory_before = stage.memory()
        crowd.stop_reading(crowd.browsers[:deaf])
        # A little more than the 3 MB the kernel keeps for a reader: what is left waits in the bridge.
        _flood(crowd, crowd.browsers[deaf:], speaker, "x" * 3900, lambda said: said < 55)
        stuck = _said_and_heard(crowd, speaker, rate, _SECONDS)
        memory_stuck = stage.memory()
        return {
            "p99_calm": _quantile(calm, 0.99),
            "p99_stuck": _quantile(stuck, 0.99),
            "heard_stuck": len(stuck) / (int(rate * _SECONDS) * (sessions - deaf)),
            "memory_grown": (memory_stuck - memory_before) / 1024,
            "page": max(_page(stage) for _ in range(20)),
        }


def _page(stage: Stage) -> float:
    """Return the seconds the page takes."""
    began = perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/", timeout=30) as answer:
        answer.read()
    return perf_counter() - began


def _quantile(latencies: Iterable[int], share: float) -> float:
    """Return the latency in ms that so large a share does not exceed."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6
