"""`python -m web_gateway`."""

import sys

from web_gateway.cli import main

if __name__ == "__main__":
    sys.exit(main())
