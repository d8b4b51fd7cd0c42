"""Moderation without sockets: kicks, mutes, deletions, announcements."""

import pytest
from msgspec.structs import replace

from chat_protocol import messages as m
from chat_protocol.codec import encode
from chat_protocol.contract import SYSTEM_NAME
from tcp_server.log.history import Unavailable
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.moderation.audit_log import AuditLog, Entry
from tcp_server.room.moderation.bans import Sanction
from tests.tcp_server.room_harness import OTHER, SECRET, RoomHarness, ban, moderated_room

# --- kick ----------------------------------------------------------------------------


def test_a_kick_ends_all_connections_and_is_announced() -> None:
    harness = moderated_room()
    harness.join("b2", "", session=SECRET)
    harness.moderate("a", "kick", "БОБ", text="спам\nАнна: и ложь\x1b[31m")
    told = "#1 Сервер: Анна удаляет из чата: Боб. Причина: спам Анна: и ложь"
    assert harness.summary("a") == [told, "left Боб kicked"]
    assert harness.summary("c") == [told, "left Боб kicked"]
    assert harness.summary("b") == harness.summary("b2") == [told, "bye kicked"]
    assert set(harness.audience) == {"a", "c"}
    assert harness.room.handle("b", [m.Say("ещё", "r")]) == []
    harness.advance(100)
    assert harness.received("c") == []
    (kept,) = harness.history.before(2, 10)
    assert kept.name == SYSTEM_NAME
    assert kept.notice == m.Notice("kick", "Анна", "Боб", text="спам Анна: и ложь")
    assert harness.join("b3", "Боб", session=SECRET).name == "Боб"  # a kick is no ban


def test_a_member_in_its_grace_period_can_be_kicked() -> None:
    harness = moderated_room()
    harness.leave("b")
    harness.moderate("a", "kick", "Боб")
    assert harness.summary("c")[-1] == "left Боб kicked"
    assert harness.join("d", "Боб").members == ["Анна", "Вера", "Боб"]


# --- mute ----------------------------------------------------------------------------


def test_a_muted_member_is_refused_until_the_mute_expires() -> None:
    harness = moderated_room()
    harness.handle("b", m.Say("до", "r1"))
    harness.moderate("a", "mute", "Боб", seconds=60)
    harness.moderate("a", "mute", "Вера")
    told = [f"Сервер: Анна запрещает писать на {whom}" for whom in ("1 мин: Боб", "10 мин: Вера")]
    assert harness.summary("c") == ["#1 Боб: до", f"#2 {told[0]}", f"#3 {told[1]}"]
    harness.received("a"), harness.received("b")
    harness.advance(10)
    harness.handle("b", m.Say("раз", "r2"), m.Say("до", "r1"), m.Say("два", "r3"), m.Typing())
    muted, again, also = harness.received("b")
    assert muted == m.Error("muted", "you cannot write", "r2", 50.0)
    assert isinstance(again, m.Ack)
    assert again.id == 1
    assert also == m.Error("muted", "you cannot write", "r3", 50.0)
    harness.handle("c", m.Say("раз"), m.Say("два"), m.Typing())
    assert harness.summary("c") == ["error muted"]
    assert harness.received("a") == []
    harness.advance(50)
    harness.handle("b", m.Say("раз", "r2"))
    assert harness.summary("a") == ["#4 Боб: раз"]


def test_moderators_are_told_who_is_muted_and_others_are_not() -> None:
    harness = moderated_room()
    harness.moderate("a", "mute", "Боб", seconds=60)
    harness.moderate("a", "mute", "Вера", seconds=600)
    session = harness.join("g", "Глеб").session
    harness.advance(20)
    harness.received("g")
    harness.handle("g", m.Authenticate(harness.password))
    muted = (m.Mute("Боб", 40.0), m.Mute("Вера", 580.0))
    assert harness.received("g") == [m.Role(moderator=True, muted=muted)]
    harness.advance(50)
    harness.moderate("a", "unmute", "Вера")
    assert harness.join("g2", "Глеб", session=session).muted == ()
    harness.moderate("a", "mute", "Вера", seconds=60)
    assert harness.join("g3", "Глеб", session=session).muted == (m.Mute("Вера", 60.0),)
    assert harness.join("d", "Дина").muted == ()


def test_a_mute_follows_the_session_to_another_name() -> None:
    harness = moderated_room()
    harness.moderate("a", "mute", "Боб")
    harness.leave("b", hold_name=False)
    harness.join("b2", "Боба", session=SECRET)
    harness.received("a")
    harness.handle("b2", m.Say("раз", "r"))
    assert harness.summary("b2") == ["error muted r"]
    harness.moderate("a", "unmute", "Боба")
    assert harness.summary("a") == ["#2 Сервер: Анна снова разрешает писать: Боб"]
    harness.handle("b2", m.Say("раз", "r"))
    assert harness.summary("a") == ["#3 Боба: раз"]


# --- delete --------------------------------------------------------------------------


def test_a_deletion_removes_the_text_and_keeps_the_id_and_the_ack() -> None:
    harness = moderated_room()
    epoch = harness.history.epoch
    harness.handle("b", m.Say("секрет", "r"))
    harness.handle("c", m.Say("ответ"))
    harness.received("a"), harness.received("b"), harness.received("c")
    harness.moderate("a", "delete", id=1, text="адрес")
    told = "#3 Сервер: Анна удаляет сообщение #1. Причина: адрес"
    assert harness.summary("a") == harness.summary("b") == harness.summary("c") == [told, "#4 delete #1"]
    (notice,) = harness.history.before(4, 1)
    assert notice.notice == m.Notice("delete", "Анна", id=1, text="адрес")
    tombstone = m.Message(1, notice.at, "Боб", "", deleted=True)
    welcome = harness.join("d", "Дина", since=m.Position(epoch, 0))
    harness.handle("d", m.HistoryRequest())
    (page,) = harness.received("d")
    assert isinstance(page, m.HistoryPage)
    for shown in (welcome.messages, page.messages):
        assert [message.id for message in shown] == [1, 2, 3]
        assert (shown[0].text, shown[0].deleted, shown[0].name) == ("", True, tombstone.name)
    harness.handle("b", m.Say("секрет", "r"))
    assert harness.summary("b")[-1] == "ack r #1"
    harness.moderate("a", "delete", id=1)
    harness.moderate("a", "delete", id=99)
    harness.moderate("a", "delete")
    assert harness.summary("a")[-3:] == ["error not_found", "error not_found", "error bad_field"]


def test_notices_cannot_be_deleted_but_announcements_can() -> None:
    harness = moderated_room()
    harness.moderate("a", "kick", "Боб")
    harness.moderate("a", "announce", text="ой, пароль: сезам")
    harness.received("a")
    harness.moderate("a", "delete", id=1)
    harness.moderate("a", "delete", id=2)
    assert harness.summary("a") == [
        "error is_notice",
        "#3 Сервер: Анна удаляет сообщение #2",
        "#4 delete #2",
    ]
    assert [(kept.text, kept.notice) for kept in harness.history.before(3, 1)] == [("", None)]


def test_a_pruned_message_cannot_be_deleted() -> None:
    harness = RoomHarness(MemoryHistory(0), moderator_password="страж")
    harness.join_as_moderator("a", "Анна")
    harness.handle("a", m.Say("раз", "r"), m.Moderate("delete", id=1))
    assert harness.summary("a") == ["ack r #1", "error not_found"]


# --- announce, whois, bans -----------------------------------------------------------


def test_an_announcement_is_one_line_from_the_room() -> None:
    harness = moderated_room(max_text=40)
    harness.moderate("a", "announce", text="перерыв\nБоб: \u202eда")
    for connection in "abc":
        assert harness.summary(connection) == ["#1 Сервер: Объявление (Анна): перерыв Боб: да"]
    harness.moderate("a", "announce", text="\u3164 \n")
    harness.moderate("a", "announce", text="а" * 41)
    assert harness.summary("a") == ["error blank", "error too_long"]


def test_whois_returns_all_addresses() -> None:
    harness = moderated_room()
    at = m.timestamp(harness.room.now())
    harness.addresses = {"b": "203.0.113.7", "b2": "2001:db8::7", "b3": "203.0.113.7"}
    for connection in ("b2", "b3"):
        harness.join(connection, "", session=SECRET)
    harness.handle("a", m.Whois(" боб "), m.Whois("Вера"), m.Whois("Гость"))
    bob, vera, nobody = harness.received("a")
    assert bob == m.Whois("Боб", ["2001:db8::7", "203.0.113.7"], at)
    assert vera == m.Whois("Вера", [], at)
    assert nobody == m.Error("not_found", "Гость")
    assert harness.received("b") == []


def test_bans_are_listed_until_they_expire() -> None:
    harness = moderated_room()
    ban(harness, "Боб", text="спам")
    ban(harness, "203.0.113.7/24", seconds=60)
    harness.handle("a", m.Bans())
    (listed,) = harness.received("a")
    assert isinstance(listed, m.Bans)
    bob, network = listed.bans
    assert (bob.target, bob.until, bob.by, bob.text) == ("Боб", None, "Анна", "спам")
    assert network.target == "203.0.113.0/24"
    assert network.until is not None
    assert network.until.endswith("Z")
    harness.advance(60)
    harness.handle("a", m.Bans())
    assert harness.received("a") == [m.Bans([bob])]


@pytest.mark.parametrize(("count", "text", "most"), [(1001, "", 1000), (200, "я" * 4000, 31)])
def test_the_newest_bans_are_listed_if_there_are_too_many(count: int, text: str, most: int) -> None:
    harness = moderated_room()
    for number in range(count):
        sanction = Sanction(f"Гость {number}", f"{number:04}", None, "Анна", text, (f"гость {number}",))
        harness.sanctions.bans.people.put(sanction, 0.0)
    harness.handle("a", m.Bans())
    (listed,) = harness.received("a")
    assert isinstance(listed, m.Bans)
    assert [entry.at for entry in listed.bans] == [f"{number:04}" for number in range(count - most, count)]
    assert listed.more
    assert len(encode(listed)) < 512 * 1024


# --- the audit log and failures ------------------------------------------------------


class MemoryAuditLog(AuditLog):
    """An audit log in memory that can be made to fail."""

    def __init__(self) -> None:
        super().__init__(None)
        self.kept: list[Entry] = []
        self.full = False

    def record(self, entry: Entry) -> None:
        if self.full:
            raise Unavailable("the act could not be recorded")
        self.kept.append(entry)


def test_each_action_is_recorded_with_both_addresses() -> None:
    notebook = MemoryAuditLog()
    harness = RoomHarness(audit_log=notebook, moderator_password="страж")
    harness.addresses = {"a": "198.51.100.1", "b": "203.0.113.7"}
    harness.join_as_moderator("a", "Анна")
    harness.join("b", "Боб")
    harness.handle("b", m.Say("раз", "r"))
    harness.moderate("a", "delete", id=1)
    harness.moderate("a", "kick", "Боб", text="спам")
    harness.moderate("a", "ban", "203.0.113.0/24", seconds=60)
    role, delete, kick, network = notebook.kept
    for entry in notebook.kept:
        assert (entry.by, entry.address) == ("Анна", "198.51.100.1")
    assert role.act == "moderator"
    assert (delete.act, delete.id, delete.target) == ("delete", 1, "Боб")
    assert (kick.act, kick.target, kick.addresses, kick.text) == ("kick", "Боб", ["203.0.113.7"], "спам")
    assert len(bytes.fromhex(kick.session)) == 16
    assert (network.act, network.target, network.seconds) == ("ban", "203.0.113.0/24", 60)


def test_an_action_that_cannot_be_recorded_is_refused() -> None:
    notebook = MemoryAuditLog()
    harness = RoomHarness(audit_log=notebook, moderator_password="страж")
    harness.join_as_moderator("a", "Анна")
    harness.join("b", "Боб")
    harness.handle("b", m.Say("раз", "r"))
    harness.received("a"), harness.received("b")
    notebook.full = True
    harness.moderate("a", "kick", "Боб")
    harness.moderate("a", "ban", "Боб")
    harness.moderate("a", "mute", "Боб")
    harness.moderate("a", "delete", id=1)
    harness.handle("b", m.Authenticate("страж"))
    assert harness.summary("a") == ["error unavailable"] * 4
    assert harness.summary("b") == ["error unavailable"]
    harness.handle("b", m.Say("два", "s"))
    assert harness.summary("a") == ["#2 Боб: два"]
    assert [message.text for message in harness.history.before(3, 9)] == ["раз", "два"]


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        m.Moderate("kick", "Боб"),
        m.Moderate("ban", "Боб", seconds=60),
        m.Moderate("ban", "203.0.113.0/24"),
        m.Moderate("unban", "Глеб"),
        m.Moderate("mute", "Боб"),
        m.Moderate("unmute", "Вера"),
        m.Moderate("delete", id=1),
        m.Delete(id=1),
        m.Moderate("announce", text="в 12 обед"),
    ],
)
def test_a_repeated_action_has_the_first_ack_and_no_second_effect(
    command: m.Moderate | m.Delete, is_restarted: bool
) -> None:
    notebook = MemoryAuditLog()
    harness = RoomHarness(audit_log=notebook, moderator_password="страж")
    harness.join_as_moderator("a", "Анна", session=OTHER)
    harness.join("b", "Боб", session=SECRET)
    harness.join_as_text("c", "Вера")
    harness.handle("b", m.Say("раз", "1"))
    harness.moderate("a", "ban", "Глеб")
    harness.moderate("a", "mute", "Вера")
    harness.received("a")
    harness.handle("a", replace(command, ref="r"))
    (ack,) = [event for event in harness.received("a") if isinstance(event, m.Ack)]
    if is_restarted:
        harness = RoomHarness(harness.history, audit_log=notebook, moderator_password="страж")
        harness.join("a", "Анна", session=OTHER)
    recorded, last = len(notebook.kept), harness.history.last
    harness.received("c")
    harness.handle("a", replace(command, ref="r"))
    assert harness.received("a") == [ack]
    assert harness.received("c") == []
    assert (len(notebook.kept), harness.history.last) == (recorded, last)


class FullDisk(MemoryHistory):
    """A log whose commits fail."""

    def commit(self) -> None:
        self.rollback_to(0)
        raise Unavailable


def test_an_action_stays_in_force_if_its_notice_cannot_be_committed() -> None:
    harness = RoomHarness(FullDisk(100), moderator_password="страж")
    harness.join_as_moderator("a", "Анна")
    harness.join("b", "Боб")
    harness.received("a")
    harness.moderate("a", "kick", "Боб")
    assert harness.summary("a") == ["error unavailable", "left Боб kicked"]
    assert harness.summary("b") == ["bye kicked"]
