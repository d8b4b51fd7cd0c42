"""The room in a terminal, or as a filter between two pipes."""
