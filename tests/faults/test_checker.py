"""The checker finds each kind of violation."""

from dataclasses import replace

import pytest

from tests.faults.checker import Seen, Sent, TextSeen, Verdict, check


def anna() -> Sent:
    return Sent(said=["a1 x", "a2 y", "a3 z"], acked={"a1 x": 1, "a2 y": 3}, refused={"a3 z"})


def boris() -> Sent:
    return Sent(said=["b1"], acked={"b1": 2})


ALL = [(1, "a1 x"), (2, "b1"), (3, "a2 y")]


def violations(*readers: Seen, text_clients: list[TextSeen] | None = None) -> dict[str, list[str]]:
    return found(check([anna(), boris()], readers, text_clients or []))


def found(verdict: Verdict) -> dict[str, list[str]]:
    assert verdict.valid == (not any(verdict))
    return {kind: faults for kind, faults in verdict._asdict().items() if faults}


def test_nothing_wrong() -> None:
    assert (
        violations(
            Seen("whole", [ALL]),
            Seen("in parts", [[ALL[0], ALL[2]], [ALL[1]]]),
            Seen("passer-by", [[ALL[1]]], complete=False),
            text_clients=[TextSeen("plain", [["a1", "b1"], ["a2"]]), TextSeen("deaf")],
        )
        == {}
    )
    assert found(check([], [])) == {}


@pytest.mark.parametrize("missing", range(3))
def test_lost(missing: int) -> None:
    rest = [pair for position, pair in enumerate(ALL) if position != missing]
    verdict = violations(Seen("whole", [ALL]), Seen("Вера", [rest]))
    assert list(verdict) == ["lost"]
    assert verdict["lost"] == [f"Вера never saw #{ALL[missing][0]} {ALL[missing][1]!r}"]


def test_lost_to_all() -> None:
    assert list(violations(Seen("Вера", [ALL[:2]]))) == ["lost"]


def test_seen_by_one_reader_is_lost_to_the_other() -> None:
    writer = Sent(said=["a1"])
    verdict = found(check([writer], [Seen("one", [[(1, "a1")]]), Seen("other", [[]])]))
    assert list(verdict) == ["lost", "unanswered"]


def test_duplicated_under_two_numbers() -> None:
    verdict = violations(Seen("Вера", [[*ALL, (4, "b1")]]))
    assert verdict == {"duplicated": ["'b1' is [2, 4]"]}


def test_acknowledged_under_another_number() -> None:
    writer = Sent(said=["a1"], acked={"a1": 7})
    verdict = found(check([writer], [Seen("Вера", [[(1, "a1")]])]))
    assert verdict["duplicated"] == ["'a1' is [1, 7]"]


@pytest.mark.parametrize("runs", [[[ALL[0], ALL[0], *ALL[1:]]], [ALL, [ALL[0]]]])
def test_duplicated_on_the_screen(runs: list[list[tuple[int, str]]]) -> None:
    assert violations(Seen("Вера", runs)) == {"duplicated": ["Вера was shown #1 again"]}


def test_duplicated_for_a_text_client() -> None:
    verdict = violations(Seen("Вера", [ALL]), text_clients=[TextSeen("plain", [["a1"], ["a1"]])])
    assert verdict == {"duplicated": ["plain was shown a1 again"]}


def test_unexpected() -> None:
    verdict = violations(Seen("Вера", [[*ALL, (4, "who?")]]))
    assert verdict == {"unexpected": ["Вера saw #4 'who?'"]}


def test_refused_and_shown() -> None:
    verdict = violations(
        Seen("Вера", [[*ALL, (4, "a3 z")]]), text_clients=[TextSeen("plain", [["a1", "a3"]])]
    )
    assert verdict == {"unexpected": ["Вера saw #4 'a3 z', refused", "plain saw a3"]}


def test_reordered() -> None:
    assert violations(Seen("Вера", [[ALL[1], ALL[0], ALL[2]]])) == {"reordered": ["Вера saw #1 after #2"]}


def test_two_orders() -> None:
    exchanged = [(1, "b1"), (2, "a1 x"), (3, "a2 y")]
    verdict = violations(Seen("Вера", [ALL]), Seen("Глеб", [exchanged]))
    assert "#1 is 'a1 x' and 'b1'" in verdict["reordered"]


def test_the_order_of_one_writer() -> None:
    writer = replace(anna(), acked={"a1 x": 3, "a2 y": 1})
    verdict = found(check([writer], []))
    assert verdict == {"reordered": ["a writer's own are #1 after #3"]}
    assert found(check([replace(writer, in_order=False)], [])) == {}


def test_reordered_for_a_text_client() -> None:
    verdict = violations(Seen("Вера", [ALL]), text_clients=[TextSeen("plain", [["b1", "a1"]])])
    assert verdict == {"reordered": ["plain saw #1 after #2"]}


def test_unsettled() -> None:
    verdict = found(check([Sent(said=["a1"])], []))
    assert verdict == {"unanswered": ["a1"]}
