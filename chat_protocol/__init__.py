"""What the three programs share: the wire protocol and how it is read and written.

Nothing here starts a thread or knows about the web. `docs/protocol.md` is the
protocol in prose; `messages` is the same protocol as types.
"""
