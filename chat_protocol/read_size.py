"""How many bytes to read from a peer at a time."""


def next_read_size(size: int, received: int, minimum: int, maximum: int) -> int:
    """Return how many bytes to read next, after a read of at most `size` bytes returned `received`.

    Twice as many after a full read, half as many after one that was less than a quarter full, within
    `minimum` and `maximum`: a thread waits in a read with its buffer allocated, so an idle peer costs
    little memory, and a busy one few system calls.
    """
    if received == size:
        return min(2 * size, maximum)
    if received < size // 4:
        return max(size // 2, minimum)
    return size
