"""The room itself: who is in it, what is said, what is refused. No socket, no thread."""
