"""Each log entry is returned once and in order, even if Redis loses or reorders bus messages."""

from hypothesis import given
from hypothesis import strategies as st

from hubbub.chat.log_entries import LogEntry
from hubbub.realtime.delivery.replay_buffer import ReplayBuffer
from hubbub.realtime.delivery.resequencer import MAX_HELD, Resequencer


def entry(seq: int) -> LogEntry:
    return LogEntry(seq, "message.created", None, None, f"text of {seq}")


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[int, list[int]]:
    """Draw a log's length, and the seqs that arrive. Some are lost, repeated or out of order."""
    length = draw(st.integers(1, 30))
    return length, draw(st.lists(st.integers(1, length), max_size=90))


def started(seq: int) -> Resequencer:
    resequencer = Resequencer(ReplayBuffer(100))
    resequencer.start(seq)
    return resequencer


@given(deliveries())
def test_entries_are_returned_once_and_in_order_and_the_log_fills_the_gaps(
    log_and_arrived: tuple[int, list[int]],
) -> None:
    length, arrived = log_and_arrived
    resequencer = started(0)
    delivered = [each.seq for each in resequencer.receive([], now=0.0)]
    for seq in arrived:
        delivered += [each.seq for each in resequencer.receive([entry(seq)], now=0.0)]
    assert resequencer.seq is not None
    missing = [entry(seq) for seq in range(resequencer.seq + 1, length + 1)]
    delivered += [each.seq for each in resequencer.receive(missing, now=1.0)]
    assert delivered == list(range(1, length + 1))
    assert not resequencer.has_gap(now=99.0, seconds=0.0)


@given(deliveries(), st.integers(0, 30))
def test_only_entries_after_the_start_are_returned(
    log_and_arrived: tuple[int, list[int]], start: int
) -> None:
    _, arrived = log_and_arrived
    resequencer = Resequencer(ReplayBuffer(100))
    for seq in arrived:
        assert resequencer.receive([entry(seq)], now=0.0) == []
    resequencer.start(start)
    delivered = [each.seq for each in resequencer.receive([], now=0.0)]
    assert delivered == list(range(start + 1, start + 1 + len(delivered)))
    assert resequencer.seq == start + len(delivered)


def test_a_gap_counts_only_after_a_moment() -> None:
    resequencer = started(4)
    assert resequencer.receive([entry(6)], now=10.0) == []
    assert not resequencer.has_gap(now=10.1, seconds=0.25)
    assert resequencer.has_gap(now=10.3, seconds=0.25)
    assert [each.seq for each in resequencer.receive([entry(5)], now=10.4)] == [5, 6]
    assert not resequencer.has_gap(now=99.0, seconds=0.25)


def test_the_next_entry_is_accepted_however_many_are_held() -> None:
    resequencer = started(0)
    assert resequencer.receive([entry(seq) for seq in range(2, 3_000)], now=0.0) == []
    delivered = resequencer.receive([entry(1)], now=0.0)
    assert [each.seq for each in delivered] == list(range(1, MAX_HELD + 1))
    assert resequencer.seq is not None
    assert resequencer.receive([entry(resequencer.seq + 1)], now=0.0)
