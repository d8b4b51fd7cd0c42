"""What the room costs, beside what others cost: `python -m benchmarks`, or `make bench`."""
