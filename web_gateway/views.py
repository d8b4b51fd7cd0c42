"""The page, its files, and the health of the gateway."""

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template
from werkzeug.exceptions import HTTPException

from web_gateway.gateway import Gateway
from web_gateway.refusals import refuse

# The page needs nothing from anywhere else, and nothing inline: whatever a text of
# somebody else could smuggle in has nowhere to run and nowhere to send to.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def views(gateway: Gateway) -> Blueprint:
    """Return the ordinary routes, and what holds for every answer of the gateway."""
    routes = Blueprint("views", __name__)

    @routes.get("/")
    def page() -> Response:
        response = Response(render_template("index.html"), content_type="text/html; charset=utf-8")
        response.cache_control.no_cache = True
        return response

    @routes.get("/healthz")
    def health() -> Response:
        """Tell a supervisor how we are: 200 as long as the gateway itself is well."""
        response = jsonify(
            status="ok",
            sessions=gateway.sessions,
            max_sessions=gateway.config.max_sessions,
            room=gateway.room_check.reachable(),
        )
        response.cache_control.no_store = True
        return response

    @routes.after_app_request
    def secure(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        return response

    @routes.app_errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
        return refuse(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, allowed)

    return routes
