"""`oneroom` that also writes the final lines of its filter to FILE: `… FILE run …`.

It has as long as it needs to bring the end of the output to the room.
"""

import os
import sys

from chat_client.output_filter import OutputFilter
from cli_client import cli, live_output
from tests.support.timing import TIMEOUT


def main() -> int:
    """Run our client."""
    file = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    take = OutputFilter._take

    def take_and_write(output_filter: OutputFilter) -> str:
        taken = take(output_filter)
        os.write(file, taken.encode())
        return taken

    OutputFilter._take = take_and_write  # type: ignore[method-assign, assignment]
    vars(live_output).update(END_TIMEOUT=2 * TIMEOUT, _UNREACHED_TIMEOUT=2 * TIMEOUT)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
