"""The routes of the page, its files and its version."""

from http import HTTPStatus
from typing import cast

from flask import Blueprint, Response, jsonify, request

from chat_protocol.version import version
from web_gateway.assets import LANGUAGES, Asset, Assets
from web_gateway.headers import POLICY, policy
from web_gateway.refusals import refuse

_LANGUAGE = "oneroom_language"
"""The cookie in which the page keeps the language that its reader has chosen. It holds nothing else."""

_FOR_EVER = 365 * 24 * 3600  # seconds


def page(assets: Assets) -> Blueprint:
    """Return the routes; `views` adds the checks and headers."""
    routes = Blueprint("page", __name__)

    @routes.get("/")
    def html() -> Response:
        chosen = request.cookies.get(_LANGUAGE)
        language = (
            chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
        )
        response, coding = _negotiated(assets.pages[language])
        response.content_language.add(language)
        response.vary.update(("Accept-Language", "Cookie"))
        response.cache_control.no_cache = True
        response.headers[POLICY] = policy(assets.boot_hash)
        response.set_etag(f"{assets.version}-{language}-{coding}")
        return cast("Response", response.make_conditional(request))

    @routes.get("/static/<hashed>/<path:name>")
    def file(hashed: str, name: str) -> Response:
        if hashed != assets.version or name not in assets.files:
            return refuse(HTTPStatus.NOT_FOUND)
        response, _ = _negotiated(assets.files[name])
        response.cache_control.public = response.cache_control.immutable = True
        response.cache_control.max_age = _FOR_EVER
        return response

    @routes.get("/version")
    def versions() -> Response:
        """Return the page's hash, by which an open page sees that there is a new one."""
        response = jsonify(page=assets.version, version=version())
        response.cache_control.no_store = True
        return response

    return routes


def _negotiated(asset: Asset) -> tuple[Response, str]:
    """Return the response, and its content coding."""
    coding, body = asset.negotiate(request.accept_encodings)
    response = Response(body, content_type=asset.content_type)
    response.vary.add("Accept-Encoding")
    if coding != "identity":
        response.content_encoding = coding
    return response, coding
