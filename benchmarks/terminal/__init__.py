"""Compares the terminal client with IRC clients."""
