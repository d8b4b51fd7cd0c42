"""The three ways to speak with the server: bytes to commands, events to bytes. No socket."""
