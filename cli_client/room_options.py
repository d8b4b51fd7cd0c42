"""How to join the room, as a command line says it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from chat_client.chat import Chat
from chat_client.events import ClientEvent
from chat_client.identity import IdentityStore
from chat_client.joining import IfTaken
from chat_protocol.address import Address

if TYPE_CHECKING:  # ssl takes long to load, and most need none
    from chat_protocol.tls import Tls


class RoomOptions(NamedTuple):
    """Where the room is, and who joins it."""

    address: Address
    name: str
    code: str
    password: str
    tls: "Tls | None"
    family: int
    identities: IdentityStore

    def chat(
        self,
        listener: Callable[[ClientEvent], None],
        *,
        history: int = 50,
        if_taken: IfTaken = IfTaken.ASK,
    ) -> Chat:
        """Return a conversation, not yet begun; the arguments are those of `Chat`."""
        return Chat(
            self.address,
            listener,
            history=history,
            code=self.code,
            password=self.password,
            tls=self.tls,
            family=self.family,
            if_taken=if_taken,
            identities=self.identities,
        )
