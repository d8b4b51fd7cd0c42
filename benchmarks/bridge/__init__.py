"""The gateway beside other bridges from WebSocket to TCP, in one run, before the same room."""
