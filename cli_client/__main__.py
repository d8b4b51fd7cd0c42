"""`python -m cli_client`, which is the command `oneroom`."""

from chat_protocol.launcher import launcher

main = launcher("oneroom", "cli_client.cli")
if __name__ == "__main__":
    raise SystemExit(main())
