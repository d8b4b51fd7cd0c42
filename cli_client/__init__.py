"""The terminal client; between pipes it is a filter."""
