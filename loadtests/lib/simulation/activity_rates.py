"""How active the simulated users are: the mean seconds between activities, and the message rate."""

from dataclasses import dataclass, field

from loadtests.lib.simulation.plan import Behaviour


@dataclass(frozen=True, slots=True)
class ActivityRates:
    """The means of all pauses. Each pause is drawn at random, from 0.5 to 1.5 times its mean."""

    # The messages of all users together, including edits and deletions.
    messages_per_second: float = 40.0
    visit_seconds: float = 4.0  # how long a visited room stays open
    away_seconds: float = 4.0  # how long a user stays removed from a room, or banned
    between: dict[Behaviour, float] = field(  # the mean seconds from one activity to the next
        default_factory=lambda: {
            Behaviour.VISIT: 4.0,
            Behaviour.EXPLORE: 4.0,
            Behaviour.BE_REMOVED: 6.0,
            Behaviour.BE_BANNED: 20.0,
            Behaviour.SIGN_OUT: 30.0,
        }
    )
