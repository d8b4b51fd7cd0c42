"""QR codes, as the page draws them: it sends a text and gets the modules of its code.

The text comes in the body of a POST and not in the address, as it may be a secret: so no log has it.
"""

from http import HTTPStatus
from typing import Final

import segno
from flask import Blueprint, Response, jsonify, request

from web_gateway.refusals import refuse

_MAX_BYTES: Final = 512
"""Longest text, in bytes: its code has 81 modules a side, which a phone still reads from a screen."""


def qr() -> Blueprint:
    """Return the route."""
    routes = Blueprint("qr", __name__)

    @routes.post("/qr")
    def draw() -> Response:
        """Return the rows of a code (ISO/IEC 18004, level M) as strings of 0 and 1, without the margin.

        400 for a text that is not UTF-8 or is empty, 413 for more than 512 bytes.
        """
        if (request.content_length or 0) > _MAX_BYTES:
            return refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
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

    return routes
