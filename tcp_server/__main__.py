"""`python -m tcp_server`."""

from tcp_server.cli import main

raise SystemExit(main())
