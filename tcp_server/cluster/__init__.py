"""One room on many servers: the journal is a stream of Redis. Needs the extra `cluster`."""
