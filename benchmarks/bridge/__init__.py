"""Benchmark of the gateway beside other bridges from WebSocket to TCP, in front of the same room."""
