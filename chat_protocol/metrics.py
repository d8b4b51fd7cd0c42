"""Metrics of a program, and how Prometheus reads them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

from chat_protocol.version import version


class Metric(NamedTuple):
    """A figure, or one for each value of a label.

    `name` is the one that Prometheus shows; a counter's ends in `_total` and only grows.
    """

    name: str
    meaning: str
    value: float | Mapping[str, float]
    label: str = ""

    @property
    def kind(self) -> Literal["counter", "gauge"]:
        """How Prometheus is to treat it."""
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
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

    families: dict[str, Any] = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}

    class Collector:
        """Reads the figures anew for each scrape: nobody pays for them in between."""

        def collect(self) -> Iterator[Any]:
            """Yield the families of figures."""
            info = Metric("oneroom_info", "Version of the program.", {version(): 1}, "version")
            for metric in (info, *read()):
                labels = [metric.label] if metric.label else []
                family = families[metric.kind](metric.name, metric.meaning, labels=labels)
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
