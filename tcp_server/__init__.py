"""The TCP server: one room, a thread for each client; it knows nothing of the web.

A message's walk: `connection.session` (the client's thread) -> `dialects` (bytes to
requests) -> `sequencer` (one order) -> `room` (outcomes) -> `log` (stored) ->
`connection.fanout` and `connection.writer` (all sockets) -> `dialects` (events to bytes).
"""
