"""QR codes, as the page draws them: it sends a text and gets the modules of its code.

The text comes in the body of a POST and not in the address, as it may be a secret: so no log has it.
"""

from http import HTTPStatus
from typing import Final

import segno
from flask import Blueprint, Response, jsonify, request

from web_gateway.admission import QR_CODES, Places
from web_gateway.refusals import refuse, refuse_for_now

_MAX_BYTES: Final = 512
"""Longest text, in bytes: its code has 81 modules a side, which a phone still reads from a screen."""


def qr() -> Blueprint:
    """Return the route."""
    routes = Blueprint("qr", __name__)
    places = Places("qr", QR_CODES)

    @routes.post("/qr")
    def draw() -> Response:
        """Return the rows of a code (ISO/IEC 18004, level M) as strings of 0 and 1, without the margin.

        400 for a text that is not UTF-8 or is empty, 413 for more than 512 bytes.
        """
        if (request.content_length or 0) > _MAX_BYTES:
            return refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        with places.one(request.remote_addr or "") as refusal:
            return refuse_for_now(refusal) if refusal else _code()

    return routes


def _code() -> Response:
    try:
        text = request.get_data(cache=False).decode()
    except UnicodeDecodeError:
        text = ""
    if not text:
        return refuse(HTTPStatus.BAD_REQUEST)
    code = segno.make_qr(text, error="m", boost_error=False)
    response = jsonify(rows=["".join(map(str, row)) for row in code.matrix])
    response.cache_control.no_store = True
    return response
