"""Metrics of a program, and how Prometheus reads them."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Final, Literal, NamedTuple

from chat_protocol.version import version

_BOUNDS: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Upper ends of the classes of durations, in seconds."""


class Durations:
    """How many durations there were of each class, and their sum.

    One thread at a time may add, which the owner sees to; any may read, perhaps one duration behind.
    """

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0
        """Their sum."""

    def add(self, seconds: float) -> None:
        """Count one more."""
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        self.seconds += seconds

    def at_most(self) -> list[tuple[str, int]]:
        """Return how many were not longer than each bound, and at last how many there were in all."""
        total, found = 0, []
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._counts, strict=True):
            total += count
            found.append((bound, total))
        return found


class Metric(NamedTuple):
    """A figure, one for each value of a label, or a histogram.

    `name` is the one that Prometheus shows; a counter's ends in `_total` and only grows.
    """

    name: str
    meaning: str
    value: float | Mapping[str, float] | Durations
    label: str = ""

    @property
    def kind(self) -> Literal["counter", "gauge", "histogram"]:
        """How Prometheus is to treat it."""
        if isinstance(self.value, Durations):
            return "histogram"
        return "counter" if self.name.endswith("_total") else "gauge"


def exposition(read: Callable[[], Iterable[Metric]]) -> Callable[[], bytes] | None:
    """Return a function that makes the text which Prometheus scrapes; None without prometheus_client.

    `read` is called in the thread that serves the text. Figures of the process itself are added: memory,
    processor time, descriptors.
    """
    if find_spec("prometheus_client") is None:
        return None
    from prometheus_client import (  # noqa: PLC0415 - memory that a program without metrics saves
        CollectorRegistry,
        ProcessCollector,
        generate_latest,
    )
    from prometheus_client.core import (  # noqa: PLC0415
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    families: dict[str, Any] = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "histogram": HistogramMetricFamily,
    }

    class Collector:
        """Reads the figures anew for each scrape: nobody pays for them in between."""

        def collect(self) -> Iterator[Any]:
            """Yield the families of figures."""
            info = Metric("oneroom_info", "Version of the program.", {version(): 1}, "version")
            for metric in (info, *read()):
                labels = [metric.label] if metric.label else []
                family = families[metric.kind](metric.name, metric.meaning, labels=labels)
                if isinstance(metric.value, Durations):
                    family.add_metric(labels, metric.value.at_most(), metric.value.seconds)
                else:
                    values = metric.value if isinstance(metric.value, Mapping) else {"": metric.value}
                    for label, value in values.items():
                        family.add_metric([label] if labels else [], value)
                yield family

    registry: Any = CollectorRegistry()
    registry.register(Collector())
    ProcessCollector(registry=registry)

    def scrape() -> bytes:
        text: bytes = generate_latest(registry)
        return text

    return scrape
