"""Takes texts out of entries: those that a deletion or an edit has replaced, and those that had no effect."""

from collections.abc import Sequence

from msgspec.structs import replace

from chat_protocol.messages import Error
from tcp_server.log.entry_tail import Replaced
from tcp_server.room import proposals as p
from tcp_server.room.effects import Effect
from tcp_server.room.members import person_in_text


def without_text(data: bytes, position: int, replaced: Replaced) -> bytes:
    """Return the entry at a position without the replaced text, and the names that it called.

    Who applies it later, and all that follow, ends with the same messages: what has replaced the text
    comes after it. Raises `UnknownEntry`.
    """
    entry = p.decode(data)
    is_repeat, is_own = replaced.text is None, position == replaced.position

    def is_it(seat: int, ref: str | None, text: str) -> bool:
        """Return whether this is what was said with the text."""
        if is_repeat:
            return ref == replaced.ref
        if ref is None:  # in text dialects the person is the seat
            is_its_seat = replaced.person in (None, person_in_text((entry.incarnation, seat)))
        else:
            is_its_seat = ref == replaced.ref
        return is_own and text == replaced.text and is_its_seat

    def redacted(proposal: p.AnyProposal) -> p.AnyProposal:
        match proposal:
            case p.Say(seat, texts):
                return p.Say(seat, [(ref, "" if is_it(seat, ref, text) else text) for ref, text in texts])
            case p.Post(seat, ref, text) if is_it(seat, ref, text):
                return replace(proposal, text="", mentions=())
            case p.Edit(_, ref, id_, text) if (
                ref == replaced.ref if is_repeat else (id_, text) == (replaced.id, replaced.text)
            ):
                return replace(proposal, text="", mentions=())
            case p.Act(seat, "announce" | "topic", ref=ref, text=text) if is_it(seat, ref, text):
                return replace(proposal, text="")
        return _without_output(proposal, replaced) if replaced.is_live else proposal

    return p.encode(replace(entry, proposals=list(map(redacted, entry.proposals))))


def _without_output(proposal: p.AnyProposal, replaced: Replaced) -> p.AnyProposal:
    """Return a proposal without what it says of a live message."""
    match proposal:
        case p.Start(ref=ref, title=title) if (ref, title) == (replaced.ref, replaced.text):
            return replace(proposal, title="")
        case p.Body(id_) if id_ == replaced.id:
            return replace(proposal, text="")
        case p.End(id=id_) | p.Lose(id_) if id_ == replaced.id:
            return replace(proposal, shown=(*proposal.shown[:2], ""))
    return proposal


def without_unused_texts(data: bytes, entry: p.Entry, effects_of: Sequence[Sequence[Effect]]) -> bytes:
    """Return the data of an entry without the texts in it that had no effect, and never have one.

    A client may have said them again: then nobody would find them here when they are deleted. `effects_of`
    are the effects of each proposal; none, if the entry does not count, as its run is over or it is repeated.
    """
    if not effects_of:
        return p.encode(replace(entry, proposals=[])) if entry.proposals else data
    unused = [
        number
        for number, (proposal, effects) in enumerate(zip(entry.proposals, effects_of, strict=True))
        if not (effects and effects[0].shared)
        and isinstance(proposal, p.Say | p.Post | p.Edit | p.Start | p.Act)
        and all(isinstance(answer, Error) for effect in effects for answer in effect.answer)
    ]
    if not unused:
        return data
    kept = [*entry.proposals]  # as many as before: its server counts them
    for number in unused:
        kept[number] = _without_text(kept[number])
    return p.encode(replace(entry, proposals=kept))


def _without_text(proposal: p.AnyProposal) -> p.AnyProposal:
    match proposal:
        case p.Say(seat, texts):
            return p.Say(seat, [(ref, "") for ref, _ in texts])
        case p.Post() | p.Edit():
            return replace(proposal, text="", mentions=())
        case p.Act():
            return replace(proposal, text="")
        case p.Start():
            return replace(proposal, title="")
    return proposal
