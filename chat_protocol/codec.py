"""The JSON dialect as bytes: one object per line, UTF-8.

Unknown fields are ignored, so either end may be newer than the other. Decoding costs
about a third of a microsecond a message and encoding less, because msgspec compiles
the types once.
"""

from collections.abc import Sequence
from typing import get_args

import msgspec
from msgspec import Struct

from chat_protocol.errors import BadMessage
from chat_protocol.messages import Command, Event


class _Envelope(Struct):
    """Just enough of a broken message to say what is wrong with it."""

    type: str
    ref: msgspec.Raw = msgspec.Raw()  # not read unless it is text: nesting would exhaust a thread's stack


_encoder = msgspec.json.Encoder()
_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_envelopes = msgspec.json.Decoder(_Envelope)
_texts = msgspec.json.Decoder(str)
_COMMAND_TYPES = frozenset(kind.__struct_config__.tag for kind in get_args(Command))

# All that a decoder raises on foreign bytes: a line nested a thousand deep ends in RecursionError.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode(message: Command | Event) -> bytes:
    """Return one message as its line, LF included."""
    return _encoder.encode(message) + b"\n"


def encode_all(messages: Sequence[Command | Event]) -> bytes:
    """Return the messages as lines in one block, each with its LF."""
    return _encoder.encode_lines(messages)


def decode_events(block: bytes) -> list[Event]:
    """Read a block of whole lines from a server. Raises `BadMessage`.

    Events of a type unknown here are skipped: the server may be newer.
    """
    try:
        return _events.decode_lines(block)
    except _UNREADABLE:
        lines = filter(bytes.strip, block.split(b"\n"))
        return [event for line in lines if (event := _decode_event(line)) is not None]


def _decode_event(line: bytes) -> Event | None:
    try:
        return _events.decode(line)
    except msgspec.ValidationError as error:
        if str(error).endswith("at `$.type`"):
            return None
        raise BadMessage("bad_field", str(error)) from error
    except _UNREADABLE as error:
        raise _unreadable(line, error) from error


def decode_commands(block: bytes) -> list[Command | BadMessage]:
    """Read a block of whole lines from a client, each to a command or to what is wrong with it.

    Blank lines are passed over. Never raises: one bad line costs the others nothing.
    """
    try:
        return list(_commands.decode_lines(block))
    except _UNREADABLE:
        return [_decode_command(line) for line in filter(bytes.strip, block.split(b"\n"))]


def _decode_command(line: bytes) -> Command | BadMessage:
    try:
        return _commands.decode(line)
    except msgspec.ValidationError as error:
        return _explain(line, error)
    except _UNREADABLE as error:
        return _unreadable(line, error)


def _unreadable(line: bytes, error: Exception) -> BadMessage:
    """Say why a line is not JSON at all."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return BadMessage("bad_utf8", "the line is not UTF-8")
    return BadMessage("bad_json", str(error))


def _explain(line: bytes, error: msgspec.ValidationError) -> BadMessage:
    """Say which rule of ours a line of JSON breaks."""
    try:
        envelope = _envelopes.decode(line)
        ref = _texts.decode(envelope.ref) if bytes(envelope.ref).startswith(b'"') else None
    except msgspec.ValidationError:
        return BadMessage("bad_field", str(error))
    except _UNREADABLE as unreadable:
        return _unreadable(line, unreadable)
    if envelope.type not in _COMMAND_TYPES:
        return BadMessage("unknown_type", f"unknown type {envelope.type[:40]!r}", ref)
    return BadMessage("bad_field", str(error), ref)
