"""Who is away, over real connections: told to json, listed in lines, and of the last device."""

from tests.support.processes import Program
from tests.support.raw import JsonClient, RawClient


def test_away_in_json_and_lines(server: Program) -> None:
    with (
        JsonClient(server.address) as anna,
        JsonClient(server.address) as phone,
        RawClient(server.address) as lines,
        RawClient(server.address) as plain,
    ):
        welcome = anna.join("Анна")
        assert "away" in welcome["can"]
        phone.join("", session=welcome["session"])
        lines.join_lines("Борис")
        anna.expect_json(type="joined")
        plain.join_lines("Вера")
        anna.expect_json(type="joined")
        lines.expect("Вера присоединился к чату!\n")
        lines.send("/away обед\n")
        lines.expect("Отмечено, что вас нет на месте, пока не напишете.\n")
        shown = {"type": "person", "name": "Борис", "away": True, "why": "обед"}
        assert anna.read_json() == shown
        for device in (anna, phone):
            device.say_json(type="away")
        anna.expect_json(type="person", name="Анна", away=True)
        plain.send("/who\n")
        plain.expect("Сейчас в чате (3): Анна (нет на месте), Борис (нет на месте: обед), Вера\n")
        anna.say_json(type="people", prefix="анна", ref="r")
        page = anna.expect_json(type="people", ref="r", members=["Анна"])
        assert page["people"][0]["at"]
        assert page["people"][0]["away"]
        phone.say_json(type="away", on=False)
        anna.expect_json(type="person", name="Анна")
        lines.send("я тут\n")
        anna.expect_json(type="message", text="я тут")
        assert anna.read_json() == {"type": "person", "name": "Борис"}
