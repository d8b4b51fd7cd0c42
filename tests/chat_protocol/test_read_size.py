import pytest

from chat_protocol.read_size import next_read_size


@pytest.mark.parametrize(
    ("size", "received", "following"),
    [
        (512, 512, 1024),
        (1024, 1023, 1024),
        (1024, 256, 1024),
        (1024, 255, 512),
        (512, 1, 512),
        (4096, 4096, 4096),
        (3000, 3000, 4096),
    ],
)
def test_a_full_read_doubles_it_and_a_nearly_empty_one_halves_it(
    size: int, received: int, following: int
) -> None:
    assert next_read_size(size, received, 512, 4096) == following
