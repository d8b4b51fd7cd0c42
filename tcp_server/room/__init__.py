"""The room: its members, their messages, and what is refused. No socket, no thread."""
