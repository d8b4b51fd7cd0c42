"""What every answer of the gateway carries."""

from typing import Final

# The page needs nothing from anywhere else, and nothing inline: whatever a text of
# somebody else could smuggle in has nowhere to run and nowhere to send to.
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

HTTPS_HEADERS: Final = {"Strict-Transport-Security": "max-age=31536000"}
"""Only for what came by https: a room on a local network must stay reachable by http."""

SERVER_NAME: Final = "oneroom"
"""What we call ourselves in `Server`: nobody needs to know what serves us, and in which version."""
