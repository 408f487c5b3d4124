"""The order and gap rule of a log: whatever Redis does to its doorbells, each entry comes once."""

import sys
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.chat.events import Entry
from hubbub.realtime.delivery.resequencer import CHANGES, MAX_HELD, Feed, Memory


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
    feed = Feed(1, Memory(100))
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
    feed = Feed(1, Memory(100))
    for seq in rings:
        assert feed.offer([entry(seq)], now=0.0) == []
    delivered = [each.seq for each in feed.start(start, now=0.0)]
    assert delivered == list(range(start + 1, start + 1 + len(delivered)))
    assert feed.seq == start + len(delivered)


def test_an_entry_ahead_is_held_and_missed_only_after_a_moment() -> None:
    feed = Feed(1, Memory(100))
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


@dataclass
class Told:
    """A log as it is written, and a memory that follows it and takes in what others read.

    A frame's text names the change of its message that it shows.
    """

    memory: Memory
    log: list[tuple[str, int]] = field(default_factory=list)  # type and message of each entry
    rung: list[Entry] = field(default_factory=list)  # as they were just after their commit
    heard: int = 0
    reads: list[tuple[list[Entry], int]] = field(default_factory=list)  # not taken in yet

    def happen(self, type: str, which: int) -> None:
        """Have a new message created, or one of those there changed."""
        created = sum(each == "message.created" for each, _ in self.log)
        if type == "message.created" or not created:
            self.log.append(("message.created", created))
        else:
            self.log.append((type, which % created))
        self.rung.append(self.entry(len(self.log)))

    def entry(self, seq: int) -> Entry:
        """Return an entry with its message as it is now."""
        type, message = self.log[seq - 1]
        return Entry(seq, type, message, None, str(self.last_change(message, len(self.log))))

    def last_change(self, message: int | None, up_to: int) -> int:
        return max(at for at, (_, each) in enumerate(self.log[:up_to], 1) if each == message)

    def hear(self) -> None:
        if self.heard < len(self.log):
            self.memory.add(self.rung[self.heard])
            self.heard += 1

    def read(self, missed: int, limit: int) -> None:
        after = max(0, self.heard - missed)
        page = range(after + 1, min(after + limit, len(self.log)) + 1)
        self.reads.append(([self.entry(seq) for seq in page], self.heard))

    def take_in(self, which: int) -> None:
        if self.reads:
            self.memory.extend(*self.reads.pop(which % len(self.reads)))

    def is_right(self) -> bool:
        """Whether memory answers with the whole range, in frames no older than what is heard."""
        answers = [(after, self.memory.since(after)) for after in range(self.heard + 1)]
        return all(
            [each.seq for each in answer] == list(range(after + 1, self.heard + 1))
            and all(int(each.text) >= self.last_change(each.message, self.heard) for each in answer)
            for after, answer in answers
            if answer is not None
        )


few, which = st.integers(1, 6), st.integers(0, 3)
# Changes for the most part, of few messages: what is read is old again before it is taken in.
types = st.sampled_from(["message.created", *CHANGES, *CHANGES])
steps = st.one_of(
    st.tuples(st.just("happen"), types, which),
    st.tuples(st.just("hear")),
    st.tuples(st.just("read"), few, few),
    st.tuples(st.just("take_in"), which),
)


@settings(max_examples=400)
@given(st.lists(steps, min_size=8, max_size=40), few, few, few)
def test_whatever_is_read_and_taken_in_memory_answers_as_the_log_would_with_no_old_text(
    steps: list[tuple[str, *tuple[object, ...]]], kept: int, extended: int, begun_at: int
) -> None:
    told = Told(Memory(kept, extended))
    for number in range(begun_at):
        told.happen("message.created", number)
    told.heard = begun_at
    told.memory.start(begun_at)
    for name, *arguments in steps:
        getattr(told, name)(*arguments)
        assert told.is_right()


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20))
def test_what_one_read_after_a_restart_the_next_one_gets_from_memory(
    missed: int, later: int, limit: int
) -> None:
    told = Told(Memory(40, limit))
    for number in range(30):
        told.happen("message.created", number)
    told.heard = 30
    told.memory.start(30)
    for number in range(later):
        told.happen("message.edited", number)
        told.hear()
    told.read(missed + later, 100)
    told.take_in(0)
    answer = told.memory.since(30 - missed)
    assert answer is not None
    assert len(answer) == missed + later


def test_memory_that_does_not_reach_back_asks_for_the_log() -> None:
    memory = Memory(3)
    for seq in range(1, 6):
        memory.add(entry(seq))
    assert memory.since(1) is None
    assert [each.seq for each in memory.since(2) or []] == [3, 4, 5]
    assert memory.since(5) == []


def test_however_much_is_ahead_what_comes_next_finds_its_place() -> None:
    feed = Feed(1, Memory(100))
    feed.start(0, now=0.0)
    assert feed.offer([entry(seq) for seq in range(2, 3_000)], now=0.0) == []
    delivered = feed.offer([entry(1)], now=0.0)
    assert [each.seq for each in delivered] == list(range(1, MAX_HELD + 1))
    assert feed.offer([entry(feed.seq + 1 if feed.seq else 0)], now=0.0)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=60),
    st.integers(0, 60),
    st.integers(100, 2_000),
)
def test_long_texts_are_kept_only_as_far_as_there_is_room(
    lengths: list[int], edited: int, most: int
) -> None:
    """Whatever is added, changed and read again, what is kept is right, and within its bounds."""
    log = [
        Entry(seq, "message.created", seq, None, "x" * length)
        for seq, length in enumerate(lengths, start=1)
    ]
    change = Entry(len(log) + 1, "message.edited", edited, None, "y")
    memory = Memory(40, 60, most)
    for each in [*log, change]:
        memory.add(each)
    now = [each._replace(text="z") if each.message == edited else each for each in log] + [change]
    memory.extend(now, change.seq)
    kept = [after for after in range(len(now)) if memory.since(after) is not None]
    assert kept[-1] == len(log)  # the last one is always there
    if len(now) <= 40 and sum(sys.getsizeof(each.text) for each in [*log, change]) <= most:
        assert kept == list(range(len(now)))
    for after in kept:
        assert memory.since(after) == now[after:]
        assert sum(sys.getsizeof(each.text) for each in now[after:-1]) <= most


def test_what_was_deleted_is_read_once_though_the_memory_is_full() -> None:
    long = [Entry(seq, "message.created", seq, None, "x" * 1_000) for seq in range(1, 9)]
    memory = Memory(40, 60, 6 * sys.getsizeof(long[0].text))
    for each in long:
        memory.add(each)
    deletion = Entry(9, "message.deleted", 5, None, "d")
    memory.add(deletion)
    assert memory.since(4) is None
    memory.extend([long[4]._replace(text="gone"), *long[5:], deletion], 9)
    assert memory.since(4) == [long[4]._replace(text="gone"), *long[5:], deletion]
