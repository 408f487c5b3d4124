"""The replay buffer answers with the whole range or not at all, and never with old text."""

import sys
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.chat.log_entries import LogEntry
from hubbub.realtime.delivery.replay_buffer import MESSAGE_CHANGES, ReplayBuffer


def entry(seq: int, type: str = "message.created", message: int | None = None) -> LogEntry:
    return LogEntry(seq, type, message, None, f"text of {seq}")


@given(st.lists(st.sampled_from(["message.created", "message.edited", "message.deleted"])))
def test_it_answers_with_the_whole_range_or_not_at_all_and_never_with_old_text(
    types: list[str],
) -> None:
    buffer = ReplayBuffer(10)
    for index, type in enumerate(types):
        buffer.add(entry(index + 1, type, message=1 if type != "message.created" else index + 1))
    for position in range(len(types) + 1):
        recent = buffer.since(position)
        if recent is None:
            continue
        assert [each.seq for each in recent] == list(range(position + 1, len(types) + 1))
        changed = [each for each in recent if each.message == 1]
        assert len(changed) <= 1


def test_a_deletion_drops_the_older_frames_of_its_message() -> None:
    buffer = ReplayBuffer(10)
    buffer.add(entry(1, message=7))
    buffer.add(entry(2, message=8))
    buffer.add(entry(3, "message.deleted", message=7))
    assert buffer.since(0) is None
    assert [each.seq for each in buffer.since(1) or []] == [2, 3]


@dataclass
class LogModel:
    """A model of a log, with a buffer that follows it and that concurrent reads extend.

    A frame's text is the seq of the message change that it shows.
    """

    buffer: ReplayBuffer
    log: list[tuple[str, int]] = field(default_factory=list)  # type and message of each entry
    # The entries as they were just after their commit.
    published: list[LogEntry] = field(default_factory=list)
    received: int = 0
    # The results of reads that have not been added to the buffer yet.
    reads: list[tuple[list[LogEntry], int]] = field(default_factory=list)

    def record(self, type: str, which: int) -> None:
        """Create a message, or change one of those that exist."""
        created = sum(each == "message.created" for each, _ in self.log)
        if type == "message.created" or not created:
            self.log.append(("message.created", created))
        else:
            self.log.append((type, which % created))
        self.published.append(self.entry(len(self.log)))

    def entry(self, seq: int) -> LogEntry:
        """Return an entry with its message as it is now."""
        type, message = self.log[seq - 1]
        return LogEntry(seq, type, message, None, str(self.last_change(message, len(self.log))))

    def last_change(self, message: int | None, up_to: int) -> int:
        return max(at for at, (_, each) in enumerate(self.log[:up_to], 1) if each == message)

    def receive(self) -> None:
        if self.received < len(self.log):
            self.buffer.add(self.published[self.received])
            self.received += 1

    def read(self, missed: int, limit: int) -> None:
        after = max(0, self.received - missed)
        page = range(after + 1, min(after + limit, len(self.log)) + 1)
        self.reads.append(([self.entry(seq) for seq in page], self.received))

    def extend(self, which: int) -> None:
        if self.reads:
            self.buffer.extend(*self.reads.pop(which % len(self.reads)))

    def is_correct(self) -> bool:
        """Return whether each answer is a whole range, without frames older than those received."""
        answers = [(after, self.buffer.since(after)) for after in range(self.received + 1)]
        return all(
            [each.seq for each in answer] == list(range(after + 1, self.received + 1))
            and all(
                int(each.text) >= self.last_change(each.message, self.received) for each in answer
            )
            for after, answer in answers
            if answer is not None
        )


few, which = st.integers(1, 6), st.integers(0, 3)
# Most entries change one of a few messages, so that reads are often outdated before they are added.
types = st.sampled_from(["message.created", *MESSAGE_CHANGES, *MESSAGE_CHANGES])
steps = st.one_of(
    st.tuples(st.just("record"), types, which),
    st.tuples(st.just("receive")),
    st.tuples(st.just("read"), few, few),
    st.tuples(st.just("extend"), which),
)


@settings(max_examples=400)
@given(st.lists(steps, min_size=8, max_size=40), few, few, few)
def test_with_concurrent_reads_it_answers_as_the_log_would_without_old_text(
    steps: list[tuple[str, *tuple[object, ...]]], kept: int, extended: int, started_at: int
) -> None:
    model = LogModel(ReplayBuffer(kept, extended))
    for number in range(started_at):
        model.record("message.created", number)
    model.received = started_at
    model.buffer.start(started_at)
    for name, *arguments in steps:
        getattr(model, name)(*arguments)
        assert model.is_correct()


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20))
def test_one_read_after_a_restart_serves_the_clients_that_follow(
    missed: int, later: int, limit: int
) -> None:
    model = LogModel(ReplayBuffer(40, limit))
    for number in range(30):
        model.record("message.created", number)
    model.received = 30
    model.buffer.start(30)
    for number in range(later):
        model.record("message.edited", number)
        model.receive()
    model.read(missed + later, 100)
    model.extend(0)
    answer = model.buffer.since(30 - missed)
    assert answer is not None
    assert len(answer) == missed + later


def test_beyond_its_first_entry_the_log_has_to_be_read() -> None:
    buffer = ReplayBuffer(3)
    for seq in range(1, 6):
        buffer.add(entry(seq))
    assert buffer.since(1) is None
    assert [each.seq for each in buffer.since(2) or []] == [3, 4, 5]
    assert buffer.since(5) == []


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=60),
    st.integers(0, 60),
    st.integers(100, 2_000),
)
def test_long_texts_stay_within_the_limit_of_bytes(
    lengths: list[int], edited: int, max_bytes: int
) -> None:
    """After any additions, changes and reads, answers are correct and within the limits."""
    log = [
        LogEntry(seq, "message.created", seq, None, "x" * length)
        for seq, length in enumerate(lengths, start=1)
    ]
    change = LogEntry(len(log) + 1, "message.edited", edited, None, "y")
    buffer = ReplayBuffer(40, 60, max_bytes)
    for each in [*log, change]:
        buffer.add(each)
    now = [each._replace(text="z") if each.message == edited else each for each in log] + [change]
    buffer.extend(now, change.seq)
    answered = [after for after in range(len(now)) if buffer.since(after) is not None]
    assert answered[-1] == len(log)  # the last entry is always kept
    if len(now) <= 40 and sum(sys.getsizeof(each.text) for each in [*log, change]) <= max_bytes:
        assert answered == list(range(len(now)))
    for after in answered:
        assert buffer.since(after) == now[after:]
        assert sum(sys.getsizeof(each.text) for each in now[after:-1]) <= max_bytes


def test_a_dropped_entry_is_filled_in_although_the_buffer_is_full() -> None:
    long = [LogEntry(seq, "message.created", seq, None, "x" * 1_000) for seq in range(1, 9)]
    buffer = ReplayBuffer(40, 60, 6 * sys.getsizeof(long[0].text))
    for each in long:
        buffer.add(each)
    deletion = LogEntry(9, "message.deleted", 5, None, "d")
    buffer.add(deletion)
    assert buffer.since(4) is None
    buffer.extend([long[4]._replace(text="gone"), *long[5:], deletion], 9)
    assert buffer.since(4) == [long[4]._replace(text="gone"), *long[5:], deletion]
