"""The health check, and what all routes have in common."""

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from chat_protocol.log_event import WARNING, log_often
from web_gateway.gateway import Gateway
from web_gateway.headers import HTTPS_HEADERS, SECURITY_HEADERS
from web_gateway.origins import ServedHosts
from web_gateway.refusals import refuse, refuse_for_now


def views(gateway: Gateway) -> Blueprint:
    """Return the route of the health check, and the checks and headers that apply to all routes."""
    routes = Blueprint("views", __name__)
    config = gateway.config
    served_hosts = ServedHosts(config.host, config.allowed_hosts, config.origins)

    @routes.before_app_request
    def check_rate() -> Response | None:
        refusal = gateway.admission.take_request(request.remote_addr or "")
        return refuse_for_now(refusal) if refusal else None

    @routes.before_app_request
    def check_host() -> Response | None:
        """Refuse requests for other host names, except for `/healthz`: a supervisor may use any name."""
        if request.path == "/healthz":
            return None
        status = served_hosts.check(request.headers.get("Host", ""), request.environ["RAW_URI"])
        if not status:
            return None
        log_often(WARNING, "refused", reason="host", status=status, address=request.remote_addr)
        return refuse(status)

    @routes.get("/healthz")
    def health() -> Response:
        """Return the gateway's state: 200 even if the room cannot be reached."""
        response = jsonify(
            status="ok",
            sessions=gateway.admission.sessions,
            max_sessions=config.max_sessions,
            room=gateway.room_check.reachable(),
        )
        response.cache_control.no_store = True
        return response

    @routes.after_app_request
    def add_security_headers(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers.update(HTTPS_HEADERS)
        return response

    @routes.app_errorhandler(HTTPException)
    def refuse_with_status(error: HTTPException) -> Response:
        allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
        return refuse(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, allowed)

    return routes
