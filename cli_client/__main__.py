"""`python -m cli_client`."""

from cli_client.cli import main

raise SystemExit(main())
