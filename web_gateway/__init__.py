"""The gateway for browsers: serves the page and bridges each WebSocket to the room's TCP port."""
