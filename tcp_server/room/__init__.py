"""The room: its members, their messages, and its rules. No socket, no thread."""
