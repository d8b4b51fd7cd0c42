"""From measurements to the report: medians, ratios, targets, the plot."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.plot import plot
from benchmarks.report import markdown
from benchmarks.results import Results
from benchmarks.run import JSON, LINES
from benchmarks.targets import check_targets
from benchmarks.workloads import PACED, room


def measured(server: str, workload: str, per_million: float, **more: Any) -> dict[str, Any]:
    nothing = {"deliveries": 90, "missing": 0, "cut": 0, "per_second": 2e6, "generator_share": 0.5}
    times = {"server_share": 1.0, "p50": 100, "p99": 2000, "p999": 3000}
    return {"server": server, "workload": workload, "per_million": per_million} | nothing | times | more


def results(*fanout: dict[str, Any], **parts: Any) -> Results:
    machine = {"processor": "P", "cores": 2, "system": "S", "python": "3", "rounds": 3, "seconds": 1.0}
    return Results({"machine": machine, "absent": [], "fanout": fanout, **parts})


def test_the_median_of_the_rounds_counts() -> None:
    found = results(*(measured(LINES, room(100), cost) for cost in (0.05, 0.9, 0.04)))
    assert found.median(LINES, room(100), "per_million") == 0.05
    assert found.median("unknown", room(100), "per_million") is None


def test_late_deliveries_do_not_count_as_lost() -> None:
    late, lost = measured("a", "w", 1, missing=None), measured("a", "w", 1, missing=10)
    assert results(late).lost("a", "w") is None
    assert results(late, lost).lost("a", "w") == pytest.approx(0.1)


def test_a_round_in_which_most_messages_are_lost_has_no_cost() -> None:
    found = results(measured("a", "w", 1), measured("a", "w", 10**6, missing=91))
    assert found.median("a", "w", "per_million") == 1
    assert found.failed == [("a", "w")]


@pytest.mark.parametrize(("redis", "met"), [(0.31, True), (0.29, False)])
def test_a_target_of_three_times_better(redis: float, *, met: bool) -> None:
    found = results(measured(LINES, room(100), 0.1), measured("Redis pub/sub", room(100), redis))
    (result,) = check_targets(found)
    assert result.met is met
    assert result.target == "3× cheaper than Redis pub/sub"


def test_latency_is_compared_with_the_server_of_the_target() -> None:
    found = results(measured(JSON, PACED, 1, p99=900), measured("NATS", PACED, 1, p99=800))
    (result,) = check_targets(found)
    assert not result.met
    assert result.measured == "0.90 ms, NATS 0.80 ms"


def test_the_report_names_lost_messages_and_the_server() -> None:
    found = results(
        measured("Mosquitto QoS 0", room(10), 5, missing=10, cut=1), measured(LINES, room(10), 0.5)
    )
    report = markdown(found)
    assert "Mosquitto QoS 0, room of 10: 10.0% of the deliveries; members disconnected: 1" in report
    assert "| room of 10 | 10.00× |" in report


def test_the_plot_has_a_line_for_each_server() -> None:
    costs = [measured(server, room(size), 0.1) for server in ("a", "b") for size in (10, 100, 5000)]
    picture = ET.fromstring(plot(results(*costs)))
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [3, 3]
