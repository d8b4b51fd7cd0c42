"""One client: its thread, its socket, and its limits."""
