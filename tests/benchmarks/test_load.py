"""The load generator, tried with our server and with the smallest one."""

from collections.abc import Callable

import pytest

from benchmarks.load import LoadGenerator, Workload
from benchmarks.servers import ServerKind, limit, ours, serving
from tests.support.requirements import needs_cc
from tests.support.timing import at_most

pytestmark = needs_cc

KINDS: dict[str, Callable[[], ServerKind]] = {
    "limit": limit,
    "lines": lambda: ours("lines", "lines"),
    "json": lambda: ours("json", "json"),
}


@pytest.mark.parametrize("name", KINDS)
def test_all_members_receive_all_messages_but_their_own(name: str) -> None:
    kind = KINDS[name]()
    workload = Workload(members=10, talkers=3, window=64)
    with serving(kind) as server, LoadGenerator(server, kind.protocol, workload, 0.2) as load:
        assert load.join()["joined"] == 10
        counts = load.talk()
    assert counts["sent"] > 0
    assert counts["received"] == 9 * counts["sent"]
    assert (counts["missing"], counts["cut"]) == (0, 0)
    assert counts["fewest"] == counts["most"] == counts["sent"]
    assert counts["acks"] == (counts["sent"] if name == "json" else 0)


def test_stalled_members_are_not_counted_as_receivers() -> None:
    kind = ours("lines", "lines")
    workload = Workload(10, stalled=2, window=64)
    with serving(kind) as server, LoadGenerator(server, "lines", workload, 0.1) as load:
        load.join()
        counts = load.talk()
    assert counts["received"] == 7 * counts["sent"]


def test_latency_is_measured_from_when_a_message_was_due() -> None:
    kind = limit()
    workload = Workload(10, block=1, rate=100)
    with serving(kind) as server, LoadGenerator(server, "lines", workload, 0.3) as load:
        load.join()
        counts = load.talk()
    assert abs(counts["sent"] - 30) <= at_most(2)
    assert 0 < counts["p50"] <= counts["p99"] <= counts["slowest"]
