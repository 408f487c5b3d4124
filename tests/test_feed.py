"""The order and gap rule of a log: whatever Redis does to its doorbells, each entry comes once."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.chat.events import Entry
from hubbub.realtime.feed import MAX_HELD, Feed, Memory


def entry(seq: int, type: str = "message.created", message: int | None = None) -> Entry:
    return Entry(seq, type, message, None, f"text of {seq}")


@st.composite
def doorbells(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A log's length, and what is heard of it: dropped, doubled and shuffled."""
    length = draw(st.integers(1, 30))
    return length, draw(st.lists(st.integers(1, length), max_size=90))


@given(doorbells())
def test_entries_come_once_and_in_order_and_the_log_fills_what_is_missing(
    heard: tuple[int, list[int]],
) -> None:
    length, rings = heard
    feed = Feed(1, 100)
    delivered = [each.seq for each in feed.start(0, now=0.0)]
    for seq in rings:
        delivered += [each.seq for each in feed.offer([entry(seq)], now=0.0)]
    assert feed.seq is not None
    missing = [entry(seq) for seq in range(feed.seq + 1, length + 1)]
    delivered += [each.seq for each in feed.offer(missing, now=1.0)]
    assert delivered == list(range(1, length + 1))
    assert not feed.misses(now=99.0, patience=0.0)


@given(doorbells(), st.integers(0, 30))
def test_a_feed_that_starts_late_delivers_only_what_follows_its_start(
    heard: tuple[int, list[int]], start: int
) -> None:
    _, rings = heard
    feed = Feed(1, 100)
    for seq in rings:
        assert feed.offer([entry(seq)], now=0.0) == []
    delivered = [each.seq for each in feed.start(start, now=0.0)]
    assert delivered == list(range(start + 1, start + 1 + len(delivered)))
    assert feed.seq == start + len(delivered)


def test_an_entry_ahead_is_held_and_missed_only_after_a_moment() -> None:
    feed = Feed(1, 100)
    feed.start(4, now=0.0)
    assert feed.offer([entry(6)], now=10.0) == []
    assert not feed.misses(now=10.1, patience=0.25)
    assert feed.misses(now=10.3, patience=0.25)
    assert [each.seq for each in feed.offer([entry(5)], now=10.4)] == [5, 6]
    assert not feed.misses(now=99.0, patience=0.25)


@given(st.lists(st.sampled_from(["message.created", "message.edited", "message.deleted"])))
def test_memory_answers_with_the_whole_range_or_not_at_all_and_never_with_old_text(
    types: list[str],
) -> None:
    memory = Memory(10)
    for index, type in enumerate(types):
        memory.add(entry(index + 1, type, message=1 if type != "message.created" else index + 1))
    for position in range(len(types) + 1):
        recent = memory.since(position)
        if recent is None:
            continue
        assert [each.seq for each in recent] == list(range(position + 1, len(types) + 1))
        changed = [each for each in recent if each.message == 1]
        assert len(changed) <= 1


def test_an_edit_takes_the_older_frames_of_its_message_out_of_memory() -> None:
    memory = Memory(10)
    memory.add(entry(1, message=7))
    memory.add(entry(2, message=8))
    memory.add(entry(3, "message.deleted", message=7))
    assert memory.since(0) is None
    assert [each.seq for each in memory.since(1) or []] == [2, 3]


def test_memory_that_does_not_reach_back_asks_for_the_log() -> None:
    memory = Memory(3)
    for seq in range(1, 6):
        memory.add(entry(seq))
    assert memory.since(1) is None
    assert [each.seq for each in memory.since(2) or []] == [3, 4, 5]
    assert memory.since(5) == []


def test_however_much_is_ahead_what_comes_next_finds_its_place() -> None:
    feed = Feed(1, 100)
    feed.start(0, now=0.0)
    assert feed.offer([entry(seq) for seq in range(2, 3_000)], now=0.0) == []
    delivered = feed.offer([entry(1)], now=0.0)
    assert [each.seq for each in delivered] == list(range(1, MAX_HELD + 1))
    assert feed.offer([entry(feed.seq + 1 if feed.seq else 0)], now=0.0)
