"""The routes of the page, its files and its version."""

from http import HTTPStatus
from typing import cast

from flask import Blueprint, Response, jsonify, request

from chat_protocol.version import version
from web_gateway.assets import LANGUAGES, Asset, Assets
from web_gateway.headers import POLICY, policy
from web_gateway.page_archive import PageArchive
from web_gateway.refusals import refuse

_LANGUAGE = "oneroom_language"
"""The cookie in which the page keeps the language that its reader has chosen. It holds nothing else."""

_FOR_EVER = 365 * 24 * 3600  # seconds


def page(assets: Assets, archive: PageArchive | None) -> Blueprint:
    """Return the routes; `views` adds the checks and headers. `archive` has the files of other versions."""
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
        found = assets.files.get(name) if hashed == assets.version else None
        if found is None and archive is not None:
            found = archive.find(hashed, name)
        if found is None:
            return refuse(HTTPStatus.NOT_FOUND)
        response, _ = _negotiated(found)
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
