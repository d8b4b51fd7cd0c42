"""The scenarios in which bridges are measured. Each function returns its figures by name."""

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
"""Messages a second in `pace`."""

LISTENERS: Final = 100
"""Browsers in `pace` and `saturation`."""

_SECONDS = 2.0
_TEXT = "a message about as long as people write them in a room, perhaps"
_BATCH_BYTES = 64_000  # of text in one write of `saturation`
_MAX_BATCHES = 4  # under way: as much as the room keeps for a slow reader
_WINDOW = 16  # unacknowledged messages of a writer
_STAMP = re.compile(rb"#(\d{19})#")
_END = re.compile(rb"@(\d{6})@")
_QUIET = 0.5  # seconds without bytes after which all is received


@dataclass(frozen=True)
class Stage:
    """A room and the bridge in front of it; without a bridge browsers connect to the room directly."""

    room: Program
    bridge: Bridge | None = None
    program: Program | None = None

    @property
    def port(self) -> int:
        """The port to which browsers connect."""
        return (self.program or self.room).port

    def crowd(self, count: int, *, stalled: int = 0) -> Crowd:
        """Connect and join browsers."""
        return Crowd(self.port, self.bridge, count, stalled=stalled)

    def cpu(self) -> tuple[float, float]:
        """Return the CPU seconds that the bridge has used, in user mode and in the kernel."""
        return self.program.cpu() if self.program else (0.0, 0.0)

    def memory(self) -> int:
        """Return the memory of the bridge in KiB."""
        return self.program.memory() if self.program else 0


class _Meter:
    """Measures CPU seconds during a block: of the bridge, and `own`, the share of a processor used here.

    If `own` is near 1.0 the simulated browsers are the bottleneck.
    """

    bridge = kernel = seconds = own = 0.0

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @contextmanager
    def running(self) -> Iterator[None]:
        (user, system), began, cpu = self._stage.cpu(), perf_counter(), process_time()
        yield
        self.seconds = perf_counter() - began
        user_now, system_now = self._stage.cpu()
        self.kernel = system_now - system
        self.bridge = user_now - user + self.kernel
        self.own = (process_time() - cpu) / self.seconds


def memory(stage: Stage, sessions: int) -> Figures:
    """Measure the KiB for each of `sessions` idle sessions that have joined the room."""
    with stage.crowd(1):  # loads what only the first session loads
        before = stage.memory()
    with stage.crowd(sessions) as crowd:
        crowd.drain(_QUIET)
        return {f"memory_{sessions}": (stage.memory() - before) / sessions}


def pace(stage: Stage) -> Figures:
    """Measure latency and CPU per delivery with `LISTENERS` browsers at `RATE` messages a second."""
    with stage.crowd(LISTENERS) as crowd, Speaker(stage.room.port) as speaker:
        crowd.drain(_QUIET)
        meter = _Meter(stage)
        with meter.running():
            latencies = _measure_latencies(crowd, speaker, RATE, _SECONDS)
        said = int(RATE * _SECONDS)
        if len(latencies) < 0.999 * said * LISTENERS:
            raise RuntimeError(f"{said * LISTENERS - len(latencies)} deliveries are missing")
        return {
            "p50": _quantile(latencies, 0.5),
            "p99": _quantile(latencies, 0.99),
            "cpu_per_delivery": meter.bridge / len(latencies) * 1e6,
            "kernel_per_delivery": meter.kernel / len(latencies) * 1e6,
            "pace_generator": meter.own,
        }


def _measure_latencies(crowd: Crowd, speaker: Speaker, rate: float, seconds: float) -> list[int]:
    """Send messages at a steady rate. Return the latency of each delivery in ns."""
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
        received = False
        for _, chunk in crowd.receive(max(0.0, due - now) if left else _QUIET):
            received = True
            arrived = perf_counter_ns()
            latencies.extend([arrived - int(stamp) for stamp in _STAMP.findall(chunk)])
        if not left and not received:
            break
    return latencies


def saturation(stage: Stage) -> Figures:
    """Measure how many messages a second reach `LISTENERS` browsers when sent as fast as possible."""
    with stage.crowd(LISTENERS) as crowd, Speaker(stage.room.port) as speaker:
        crowd.drain(_QUIET)
        meter = _Meter(stage)
        with meter.running():
            ending = monotonic() + _SECONDS
            batches = _flood(crowd, crowd.browsers, speaker, _TEXT, lambda _: monotonic() < ending)
        deliveries = batches * (_BATCH_BYTES // len(_TEXT) + 1) * LISTENERS
        return {
            "deliveries": deliveries / meter.seconds,
            "cpu_saturated": meter.bridge / deliveries * 1e6,
            "saturation_generator": meter.own,
        }


def _flood(
    crowd: Crowd, listeners: Sequence[Browser], speaker: Speaker, text: str, more: Callable[[int], bool]
) -> int:
    """Send batches of the same text while `more(sent)`. Return how many, once all are received.

    The room disconnects slow readers, so at most `_MAX_BATCHES` are under way.
    """
    received = dict.fromkeys(listeners, 0)
    sent = 0
    while more(sent) or min(received.values()) < sent:
        while more(sent) and sent < min(received.values()) + _MAX_BATCHES:
            sent += 1
            # Twice, since one of them may be split by the frames of websockify.
            end = f"@{sent:06}@ and once more: @{sent:06}@"
            speaker.say(*[text] * (_BATCH_BYTES // len(text)), end)
        for browser, chunk in crowd.receive(_SECONDS):
            if ends := _END.findall(chunk):
                received[browser] = int(ends[-1])
    return sent


def uploads(stage: Stage, writers: int) -> Figures:
    """Measure how many messages a second so many browsers get acknowledged, and the CPU for each.

    They repeat a message with the same ref, which the room acknowledges but delivers to nobody, so
    that only this direction is measured.
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
                for browser, chunk in crowd.receive(_SECONDS):
                    if count := browser.count(chunk, b'"ack"'):
                        acknowledged += count
                        browser.socket.sendall(say[browser] * count)
        return {
            f"uploads_{writers}": acknowledged / meter.seconds,
            f"cpu_per_upload_{writers}": meter.bridge / acknowledged * 1e6,
            f"uploads_{writers}_generator": meter.own,
        }


def many_sessions(stage: Stage, sessions: int = 2000, stalled: int = 50, rate: float = 5.0) -> Figures:
    """Measure how much `stalled` of the sessions, which stop reading, slow down the others and the page."""
    with stage.crowd(sessions, stalled=stalled) as crowd, Speaker(stage.room.port) as speaker:
        crowd.drain(_QUIET)
        calm = _measure_latencies(crowd, speaker, rate, _SECONDS)
        memory_before = stage.memory()
        crowd.stop_reading(crowd.browsers[:stalled])
        # A little more than the 3 MB that the kernel buffers for a reader: the rest waits in the bridge.
        _flood(crowd, crowd.browsers[stalled:], speaker, "x" * 3900, lambda batches: batches < 55)
        stuck = _measure_latencies(crowd, speaker, rate, _SECONDS)
        memory_stuck = stage.memory()
        return {
            "p99_calm": _quantile(calm, 0.99),
            "p99_stuck": _quantile(stuck, 0.99),
            "heard_stuck": len(stuck) / (int(rate * _SECONDS) * (sessions - stalled)),
            "memory_grown": (memory_stuck - memory_before) / 1024,
            "page": max(_page(stage) for _ in range(20)),
        }


def _page(stage: Stage) -> float:
    """Return the seconds that loading the page takes."""
    began = perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/", timeout=30) as answer:
        answer.read()
    return perf_counter() - began


def _quantile(latencies: Iterable[int], share: float) -> float:
    """Return a quantile of latencies in ns, in ms."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e6
