"""The report of a run: Markdown tables of costs, ratios and targets."""

from collections.abc import Iterator, Sequence

from benchmarks.results import Results
from benchmarks.run import LINES
from benchmarks.targets import check_targets
from benchmarks.workloads import PACED


def markdown(results: Results) -> str:
    """Return the whole report."""
    parts = [_machine(results)]
    if results.workloads:
        parts += [_costs(results), _ratios(results), _rates(results), _latencies(results), _losses(results)]
    if results.idle:
        parts.append(_idle(results))
    parts.append(_targets(results))
    return "\n\n".join(parts) + "\n"


def _machine(results: Results) -> str:
    machine = results.machine
    text = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, {machine['python']}. "
        f"Medians of {machine['rounds']} rounds of {machine['seconds']:g} s, all servers taking turns."
    )
    if results.absent:
        text += f" Not installed and left out: {', '.join(results.absent)}."
    return text


def _costs(results: Results) -> str:
    rows = [
        [
            workload,
            *(_number(results.median(server, workload, "per_million"), 3) for server in results.servers),
        ]
        for workload in _saturated(results)
    ]
    return "### CPU seconds of the server per million deliveries\n\n" + _table(["", *results.servers], rows)


def _ratios(results: Results) -> str:
    others = [server for server in results.servers if server != LINES]
    rows = []
    for workload in _saturated(results):
        mine = results.median(LINES, workload, "per_million")
        row = [workload]
        for server in others:
            theirs = results.median(server, workload, "per_million")
            row.append(f"{theirs / mine:.2f}×" if mine and theirs else "—")
        rows.append(row)
    return f"### The same, as multiples of what {LINES} costs\n\n" + _table(["", *others], rows)


def _rates(results: Results) -> str:
    rows = []
    for workload in _saturated(results):
        rates = [results.median(server, workload, "per_second") for server in results.servers]
        rows.append([workload, *(_number(rate and rate / 1e6, 2) for rate in rates)])
    shares = [
        max((results.median(server, workload, "generator_share") or 0) for workload in _saturated(results))
        for server in results.servers
    ]
    rows.append(["load generator's CPU, at most", *(f"{share:.0%}" for share in shares)])
    return "### Million deliveries a second\n\n" + _table(["", *results.servers], rows)


def _latencies(results: Results) -> str:
    rows = []
    for server in results.servers:
        times = [results.median(server, PACED, field) for field in ("p50", "p99", "p999")]
        if all(time is not None for time in times):
            rows.append([server, *(_number(time and time / 1000, 2) for time in times)])
    return f"### Latency in ms, {PACED}\n\n" + _table(["", "p50", "p99", "p99.9"], rows)


def _losses(results: Results) -> str:
    """Return the messages that were lost: not received within two seconds after the last one."""
    found = [f"- {server}, {workload}: most messages, in one round" for server, workload in results.failed]
    for server in results.servers:
        for workload in results.workloads:
            lost, cut = results.lost(server, workload), results.cut(server, workload)
            if lost or cut:
                share = f"{lost:.1%} of the deliveries" if lost else "nothing"
                found.append(f"- {server}, {workload}: {share}; members disconnected: {cut}")
    return "### Lost messages\n\n" + ("\n".join(found) or "None.")


def _idle(results: Results) -> str:
    rows = [[each["server"], f"{each['members']:,}", f"{each['kib_each']:.1f}"] for each in results.idle]
    return "### Memory of an idle member\n\n" + _table(["", "members", "KiB each"], rows)


def _targets(results: Results) -> str:
    rows = [
        [result.workload, result.target, result.measured, "met" if result.met else "**missed**"]
        for result in check_targets(results)
    ]
    return "### Targets\n\n" + _table(["", "target", "measured", ""], rows)


def _saturated(results: Results) -> Iterator[str]:
    return (workload for workload in results.workloads if workload != PACED)


def _number(value: float | None, digits: int) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
