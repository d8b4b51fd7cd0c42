"""Headers of every response."""

from typing import Final

POLICY: Final = "Content-Security-Policy"


def policy(inline_script: str = "") -> str:
    """Return the value of `POLICY`: a page loads only its own files and runs nothing inline.

    The only exception is the script with this SHA-256 in Base64. So a script in a message can neither
    run nor send anything.
    """
    allowed = f" 'sha256-{inline_script}'" if inline_script else ""
    return (
        f"default-src 'none'; script-src 'self'{allowed}; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


SECURITY_HEADERS: Final = {
    POLICY: policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

HTTPS_HEADERS: Final = {"Strict-Transport-Security": "max-age=31536000"}
"""Only for responses over https: a gateway in a local network must stay reachable by http."""

SERVER_NAME: Final = "oneroom"
"""Value of the `Server` header. It does not name the HTTP server or a version."""
