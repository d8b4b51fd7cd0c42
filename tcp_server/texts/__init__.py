"""The server's own lines for people at `nc`, in each language."""
