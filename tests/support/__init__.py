"""What several test packages need: real programs, raw sockets, and what may be missing on a machine."""
