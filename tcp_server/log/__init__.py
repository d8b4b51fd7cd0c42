"""The message log: in memory or in SQLite, read by number or by words."""
