"""What replicas send to their peers and their clients about presence in one room."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.realtime.presence.presence import Presence


def new_presence(list_max: int = 100) -> Presence:
    return Presence(list_max)


def test_a_user_joins_with_the_first_connection_and_leaves_with_the_last() -> None:
    room = new_presence()
    assert room.connect(1, "alice")
    assert not room.connect(1, "alice")
    assert not room.disconnect(1)
    assert room.disconnect(1)


def test_changes_since_the_last_publish_are_one_change() -> None:
    room = new_presence()
    for user, name in enumerate(["alice", "bob", "charlie"]):
        room.connect(user, name)
    room.disconnect(1)
    assert room.take_local_changes() == (1, {0: "alice", 2: "charlie"}, [1])
    assert room.take_local_changes() is None
    room.rename(2, "dana")
    assert room.take_local_changes() == (2, {2: "dana"}, [])


def test_users_who_reconnect_elsewhere_before_their_replica_is_forgotten_never_leave() -> None:
    room = new_presence()
    room.connect(1, "alice")
    room.apply_peer_list("b", 3, {2: "bob"})
    room.announce()
    room.apply_peer_list("c", 1, {2: "bob"})
    room.forget_peer("b")
    assert room.announce() is None


def test_the_users_of_a_forgotten_replica_leave() -> None:
    room = new_presence()
    room.connect(1, "alice")
    room.apply_peer_list("b", 3, {2: "bob", 3: "charlie"})
    room.announce()
    room.forget_peer("b")
    announcement = room.announce()
    assert announcement is not None
    assert sorted(announcement.left) == [2, 3]
    assert announcement.online == 1


def test_a_missed_change_is_noticed_and_fixed_by_the_list() -> None:
    room = new_presence()
    room.apply_peer_list("b", 1, {2: "bob"})
    assert not room.apply_peer_change("b", 3, {4: "dana"}, [])
    assert not room.check_peer_number("b", 3)
    room.apply_peer_list("b", 3, {3: "charlie", 4: "dana"})
    assert room.check_peer_number("b", 3)
    assert room.online() == {3: "charlie", 4: "dana"}


def test_a_peer_that_has_closed_the_room_is_removed() -> None:
    room = new_presence()
    room.apply_peer_list("b", 1, {2: "bob"})
    assert room.check_peer_number("b", None)
    assert room.online() == {}


def test_users_of_a_large_room_are_counted_and_named_again_when_it_is_small() -> None:
    room = new_presence(list_max=2)
    room.apply_peer_list("b", 1, {2: "bob", 3: "charlie"})
    room.announce()
    room.connect(1, "alice")
    announcement = room.announce()
    assert announcement is not None
    assert (announcement.joined, announcement.left, announcement.online) == ({}, [], 3)
    assert room.snapshot_for(1, "alice") == {"online": None, "online_count": 3}
    room.forget_peer("b")
    announcement = room.announce()
    assert announcement is not None
    assert announcement.joined == {1: "alice"}
    assert sorted(announcement.left) == [2, 3]
    assert announcement.online == 1


changes = st.lists(
    st.tuples(st.sampled_from(["connect", "disconnect"]), st.integers(1, 4)), max_size=40
)


@given(changes, st.data())
def test_after_a_heartbeat_two_replicas_agree_even_if_messages_were_lost(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    here, there = new_presence(), new_presence()
    for step, user in steps:
        if step == "connect":
            here.connect(user, f"user-{user}")
        elif user in here.local:
            here.disconnect(user)
        published = here.take_local_changes() if data.draw(st.booleans()) else None
        if published is not None and data.draw(st.booleans()):
            there.apply_peer_change("here", *published)
    here.take_local_changes()
    if not there.check_peer_number("here", here.number if here.local else None):
        there.apply_peer_list("here", here.number, dict(here.names))
    assert there.online() == here.names


@given(changes)
def test_the_announcements_add_up_to_who_is_online(steps: list[tuple[str, int]]) -> None:
    room = new_presence()
    seen: set[int] = set()
    for step, user in steps:
        if step == "connect":
            room.connect(user, f"user-{user}")
        elif user in room.local:
            room.disconnect(user)
        announcement = room.announce()
        if announcement is not None:
            assert not seen & announcement.joined.keys()
            seen = (seen | announcement.joined.keys()) - set(announcement.left)
    assert seen == set(room.names)
