"""The room itself: a threaded TCP server that knows nothing of the web.

A message's way through it: `session` (one thread a client) -> `dialects` (bytes to
commands) -> `sequencer` (one order) -> `room` (what it comes to) -> `history` (kept)
-> `fanout` (every socket) -> `dialects` (events to bytes).
"""
