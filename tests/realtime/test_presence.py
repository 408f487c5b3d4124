"""Presence across replicas, without any: what each tells the others and its own clients."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.realtime.presence import Presence


def presence(list_max: int = 100) -> Presence:
    return Presence(list_max)


def test_a_person_joins_with_the_first_socket_and_leaves_with_the_last() -> None:
    room = presence()
    assert room.open(1, "alice")
    assert not room.open(1, "alice")
    assert not room.close(1)
    assert room.close(1)


def test_what_happens_together_is_told_in_one_change() -> None:
    room = presence()
    for user, name in enumerate(["alice", "bob", "charlie"]):
        room.open(user, name)
    room.close(1)
    assert room.tell() == (1, {0: "alice", 2: "charlie"}, [1])
    assert room.tell() is None
    room.rename(2, "dana")
    assert room.tell() == (2, {2: "dana"}, [])


def test_people_who_come_back_elsewhere_before_a_replica_is_forgotten_were_never_gone() -> None:
    room = presence()
    room.open(1, "alice")
    room.heard_list("b", 3, {2: "bob"})
    room.announce()
    room.heard_list("c", 1, {2: "bob"})
    room.forget("b")
    assert room.announce() is None


def test_a_forgotten_replica_takes_its_people_with_it() -> None:
    room = presence()
    room.open(1, "alice")
    room.heard_list("b", 3, {2: "bob", 3: "charlie"})
    room.announce()
    room.forget("b")
    change = room.announce()
    assert change is not None
    assert sorted(change.left) == [2, 3]
    assert change.online == 1


def test_a_missed_change_is_noticed_and_the_list_repairs_it() -> None:
    room = presence()
    room.heard_list("b", 1, {2: "bob"})
    assert not room.heard_change("b", 3, {4: "dana"}, [])
    assert not room.agrees("b", 3)
    room.heard_list("b", 3, {3: "charlie", 4: "dana"})
    assert room.agrees("b", 3)
    assert room.online() == {3: "charlie", 4: "dana"}


def test_a_replica_that_no_longer_has_the_room_open_is_dropped() -> None:
    room = presence()
    room.heard_list("b", 1, {2: "bob"})
    assert room.agrees("b", None)
    assert room.online() == {}


def test_a_large_room_is_counted_and_named_again_when_it_is_small() -> None:
    room = presence(list_max=2)
    room.heard_list("b", 1, {2: "bob", 3: "charlie"})
    room.announce()
    room.open(1, "alice")
    change = room.announce()
    assert change is not None
    assert (change.joined, change.left, change.online) == ({}, [], 3)
    assert room.known_to(1, "alice") == {"online": None, "online_count": 3}
    room.forget("b")
    change = room.announce()
    assert change is not None
    assert (change.joined, sorted(change.left), change.online) == ({1: "alice"}, [2, 3], 1)


changes = st.lists(st.tuples(st.sampled_from(["open", "close"]), st.integers(1, 4)), max_size=40)


@given(changes, st.data())
def test_whatever_is_lost_between_two_replicas_a_heartbeat_makes_them_agree(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    here, there = presence(), presence()
    for step, user in steps:
        if step == "open":
            here.open(user, f"person-{user}")
        elif user in here.local:
            here.close(user)
        told = here.tell() if data.draw(st.booleans()) else None
        if told is not None and data.draw(st.booleans()):
            there.heard_change("here", *told)
    here.tell()
    if not there.agrees("here", here.number if here.local else None):
        there.heard_list("here", here.number, dict(here.names))
    assert there.online() == here.names


@given(changes)
def test_what_clients_add_up_is_who_is_there(steps: list[tuple[str, int]]) -> None:
    room = presence()
    seen: set[int] = set()
    for step, user in steps:
        if step == "open":
            room.open(user, f"person-{user}")
        elif user in room.local:
            room.close(user)
        change = room.announce()
        if change is not None:
            assert not seen & change.joined.keys()
            seen = (seen | change.joined.keys()) - set(change.left)
    assert seen == set(room.names)
