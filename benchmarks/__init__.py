"""Benchmarks of the room beside other servers: `python -m benchmarks`, or `make bench`."""
