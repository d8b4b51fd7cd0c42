"""The oldest-dependencies run takes its versions from pyproject.toml."""

import pytest

from tools.oldest import main, oldest


@pytest.mark.parametrize(
    ("requirement", "constraint"),
    [
        ("flask>=3.1,<4", "flask==3.1"),
        ("prompt_toolkit>=3.0.52", "prompt_toolkit==3.0.52"),
        ("gunicorn>=27.0,<28; os_name == 'posix'", "gunicorn==27.0"),
    ],
)
def test_the_lower_bound_becomes_the_version(requirement: str, constraint: str) -> None:
    assert oldest(requirement) == constraint


@pytest.mark.parametrize("requirement", ["flask", "flask<4", "flask<4,>=3", "flask[async]>=3"])
def test_a_requirement_without_a_lower_bound_in_front_is_an_error(requirement: str) -> None:
    with pytest.raises(ValueError, match="does not begin with NAME>=VERSION"):
        oldest(requirement)


def test_every_dependency_of_the_project_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert "msgspec==" in capsys.readouterr().out
