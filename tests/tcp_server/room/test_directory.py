"""Pages of names in their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_server.room.directory import Directory

NAMES = ["Яна", "анна", "Ёлка", "Елена", "Анна Ли", "bob", "Ашот", "Ежи"]
IN_ORDER = ["bob", "анна", "Анна Ли", "Ашот", "Ежи", "Елена", "Ёлка", "Яна"]


def test_names_are_in_order_without_regard_to_case_and_yo() -> None:
    directory = Directory(NAMES)
    assert directory.page(100) == directory.page(8) == (IN_ORDER, 0)
    assert directory.page(7) == (IN_ORDER[:7], 1)
    assert directory.page(0) == ([], 8)


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("а", ["анна", "Анна Ли", "Ашот"]),
        ("АННА", ["анна", "Анна Ли"]),
        ("анна л", ["Анна Ли"]),
        (" анна ", ["анна", "Анна Ли"]),
        ("е", ["Ежи", "Елена", "Ёлка"]),
        ("ЁЛ", ["Елена", "Ёлка"]),
        ("ＢＯ", ["bob"]),
        ("x", []),
        ("я", ["Яна"]),
        ("янаа", []),
        ("", IN_ORDER),
    ],
)
def test_a_page_has_the_names_that_begin_like_that(prefix: str, found: list[str]) -> None:
    assert Directory(NAMES).page(100, prefix) == (found, 0)
    assert Directory(NAMES).page(1, prefix) == (found[:1], max(0, len(found) - 1))


def test_a_page_goes_on_behind_a_name_whether_it_is_there_or_not() -> None:
    directory = Directory(NAMES)
    assert directory.page(2, "", "Анна Ли") == (["Ашот", "Ежи"], 3)
    directory.remove("Анна Ли")
    assert directory.page(2, "", "Анна Ли") == (["Ашот", "Ежи"], 3)
    assert directory.page(9, "а", "анна") == (["Ашот"], 0)
    assert directory.page(9, "е", "bob") == (["Ежи", "Елена", "Ёлка"], 0)
    assert directory.page(9, "а", "Яна") == directory.page(9, "", "ящик") == ([], 0)


@given(st.lists(st.text("аАбеЁ b", min_size=1, max_size=4), unique=True, max_size=12), st.data())
def test_pages_together_are_all_names(names: list[str], data: st.DataObject) -> None:
    directory = Directory()
    for name in names:
        directory.add(name)
    for name in data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []:
        directory.remove(name)
        names.remove(name)
    prefix, limit = data.draw(st.text("аб", max_size=2)), data.draw(st.integers(1, 4))
    found: list[str] = []
    rest = 1
    while rest:
        page, rest = directory.page(limit, prefix, found[-1] if found else "")
        assert len(page) == limit or (rest == 0 and len(page) < limit)
        found += page
    assert found == list(Directory(names).page(100, prefix)[0])
    assert len(directory) == len(names)
    assert sorted(found) == sorted(name for name in names if _folded(name).startswith(prefix))


def _folded(name: str) -> str:
    return " ".join(name.split()).lower().replace("ё", "е")
