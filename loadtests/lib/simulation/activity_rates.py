"""How active the simulated users are: mean seconds between activities, and the message rate."""

from dataclasses import dataclass, field

from loadtests.lib.simulation.plan import Behaviour


@dataclass(frozen=True, slots=True)
class ActivityRates:
    """Each pause is drawn between half and one and a half times its mean."""

    messages_per_second: float = 40.0  # messages of all users together, with edits and deletions
    visit_seconds: float = 4.0  # how long a room stays open that is opened for a visit
    away_seconds: float = 4.0  # how long a user stays out of a room, or banned
    between: dict[Behaviour, float] = field(  # seconds from one activity to the next
        default_factory=lambda: {
            Behaviour.VISIT: 4.0,
            Behaviour.EXPLORE: 4.0,
            Behaviour.BE_REMOVED: 6.0,
            Behaviour.BE_BANNED: 20.0,
            Behaviour.SIGN_OUT: 30.0,
        }
    )
