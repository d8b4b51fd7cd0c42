"""The three dialects of the wire: bytes to requests, events to bytes. No socket."""
