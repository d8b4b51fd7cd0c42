"""One client: its thread, its socket both ways, and what it may ask of the room."""
