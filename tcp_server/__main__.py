"""`python -m tcp_server`, which is the command `oneroom-server`."""

from chat_protocol.launcher import launcher

main = launcher("oneroom-server", "tcp_server.cli")
if __name__ == "__main__":
    raise SystemExit(main())
