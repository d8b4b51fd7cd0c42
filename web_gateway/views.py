"""The page, its files, and the health of the gateway."""

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from web_gateway.gateway import Gateway
from web_gateway.headers import HTTPS_HEADERS, SECURITY_HEADERS
from web_gateway.origins import Names, read_host
from web_gateway.refusals import refuse


def views(gateway: Gateway) -> Blueprint:
    """Return the ordinary routes, and what holds for every answer of the gateway."""
    routes = Blueprint("views", __name__)
    config = gateway.config
    names = Names(config.host, config.allowed_hosts, config.allowed_origins)

    @routes.before_app_request
    def know_the_name() -> Response | None:
        """Serve nobody under a foreign name, but for a supervisor, who may not know ours."""
        if request.path == "/healthz":
            return None
        host = read_host(request.headers.get("Host", ""))
        if host is None:
            return refuse(HTTPStatus.BAD_REQUEST)
        return None if names.include(host) else refuse(HTTPStatus.MISDIRECTED_REQUEST)

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
            max_sessions=config.max_sessions,
            room=gateway.room_check.reachable(),
        )
        response.cache_control.no_store = True
        return response

    @routes.after_app_request
    def secure(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        if request.is_secure:
            response.headers.update(HTTPS_HEADERS)
        return response

    @routes.app_errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
        return refuse(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, allowed)

    return routes
