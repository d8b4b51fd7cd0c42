"""The terminal client. Without a terminal it is a filter from stdin to stdout."""
