"""The load generator counts what there is to count, with the smallest server there is."""

from collections.abc import Callable

import pytest

from benchmarks.load import Crowd, Workload
from benchmarks.servers import Kind, limit, ours, serving
from tests.support.requirements import needs_cc

pytestmark = needs_cc

KINDS: dict[str, Callable[[], Kind]] = {
    "limit": limit,
    "lines": lambda: ours("lines", "lines"),
    "json": lambda: ours("json", "json"),
}


@pytest.mark.parametrize("name", KINDS)
def test_everybody_hears_everything_but_what_they_said(name: str) -> None:
    kind = KINDS[name]()
    workload = Workload(members=10, talkers=3, window=64)
    with serving(kind) as server, Crowd(server, kind.protocol, workload, 0.2) as crowd:
        assert crowd.enter()["inside"] == 10
        heard = crowd.talk()
    assert heard["sent"] > 0
    assert heard["heard"] == 9 * heard["sent"]
    assert (heard["missing"], heard["cut"]) == (0, 0)
    assert heard["fewest"] == heard["most"] == heard["sent"]
    assert heard["acks"] == (heard["sent"] if name == "json" else 0)


def test_who_never_reads_is_not_expected_to_hear() -> None:
    kind = ours("lines", "lines")
    with serving(kind) as server, Crowd(server, "lines", Workload(10, deaf=2, window=64), 0.1) as crowd:
        crowd.enter()
        heard = crowd.talk()
    assert heard["heard"] == 7 * heard["sent"]


def test_latency_is_measured_from_when_a_message_was_due() -> None:
    kind = limit()
    with serving(kind) as server, Crowd(server, "lines", Workload(10, block=1, rate=100), 0.3) as crowd:
        crowd.enter()
        heard = crowd.talk()
    assert 29 <= heard["sent"] <= 32
    assert 0 < heard["p50"] <= heard["p99"] <= heard["slowest"]
