"""The request handler of Werkzeug's server, with the timeout and the refusals of the real gateway."""

from werkzeug.serving import WSGIRequestHandler

from web_gateway.headers import SERVER_NAME
from web_gateway.refusals import raw_refusal


class Handler(WSGIRequestHandler):
    timeout = 10.0  # seconds to wait for the next bytes of a request

    def version_string(self) -> str:
        return SERVER_NAME

    def send_error(self, code: int, _message: str | None = None, _explain: str | None = None) -> None:
        self.wfile.write(raw_refusal(code))
        self.close_connection = True

    def log(self, _level: str, _message: str, *_args: object) -> None:
        """Do nothing: a log line would quote the request."""
