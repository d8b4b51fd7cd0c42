"""`python -m web_gateway`, which is the command `oneroom-web`."""

from chat_protocol.launcher import launcher

main = launcher("oneroom-web", "web_gateway.cli")
if __name__ == "__main__":
    raise SystemExit(main())
