"""The interval of the paired benchmark."""

from benchmarks.paired import Ratio, ratio


def test_fifteen_rounds_leave_out_three_at_each_end() -> None:
    values = [1 + n / 100 for n in range(15)]
    found = ratio(values[::-1])
    assert found == Ratio(values[7], values[3], values[11])


def test_few_rounds_span_all() -> None:
    assert ratio([2.0, 1.0, 3.0]) == Ratio(2.0, 1.0, 3.0)


def test_what_counts_as_level() -> None:
    assert Ratio(1.2, 0.99, 1.4).is_level
    assert Ratio(1.05, 1.01, 1.09).is_level
    assert not Ratio(1.06, 1.01, 1.09).is_level
    assert Ratio(0.8, 0.7, 0.9).is_level
