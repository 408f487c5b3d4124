"""How fast people are: mean seconds of what they do, and how many messages a second in all."""

from dataclasses import dataclass, field

from loadtests.lib.simulation.plan import Behaviour


@dataclass(frozen=True, slots=True)
class ActivityRates:
    """Each pause is drawn between half and one and a half of its mean."""

    messages_per_second: float = 40.0  # edits and deletions among them
    stay: float = 4.0  # in a room that is only visited
    away: float = 4.0  # out of a room, or banned
    # From one act to the next.
    between: dict[Behaviour, float] = field(
        default_factory=lambda: {
            Behaviour.VISIT: 4.0,
            Behaviour.EXPLORE: 4.0,
            Behaviour.BE_REMOVED: 6.0,
            Behaviour.BE_BANNED: 20.0,
            Behaviour.SIGN_OUT: 30.0,
        }
    )

    def times(self, factor: float) -> "ActivityRates":
        """Return the same with every pause but the talkers' so many times as long."""
        between = {habit: factor * seconds for habit, seconds in self.between.items()}
        return ActivityRates(
            self.messages_per_second, factor * self.stay, factor * self.away, between
        )
