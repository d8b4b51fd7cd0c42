"""The engine of a client: a conversation that outlives its connections. No user interface."""
