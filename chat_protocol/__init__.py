"""What the three programs share: the words on the wire and how bytes become them.

Nothing in here starts a thread or knows of the web. `docs/protocol.md` is the
contract in prose; `messages` is the same contract as types.
"""
