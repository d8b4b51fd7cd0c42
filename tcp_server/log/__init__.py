"""The message log, in memory or in SQLite, and the search in it."""
