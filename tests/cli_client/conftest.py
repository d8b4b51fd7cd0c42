"""The fixture of a fake room."""

from tests.chat_client.conftest import room

__all__ = ["room"]
