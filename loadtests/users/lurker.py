"""A phone in a pocket: its radio sleeps between reads, the app is often away, and it resumes.

What comes late to it is the phone's doing: it is no delivery that is measured, only checked.
"""

import random

from locust import task

from loadtests.users.browser_user import TabUser
from loadtests.users.user_mix import LURKER, pause

RADIO_SLEEP_SECONDS = 0.5
AWAY_SECONDS = (5.0, 40.0)


class Lurker(TabUser):
    habit = LURKER
    weight = LURKER.weight
    wait_time = pause(20)
    measures_deliveries = False

    def open(self) -> None:
        super().open()
        assert self.tab is not None
        self.tab.read_pause_seconds = RADIO_SLEEP_SECONDS

    @task(2)
    def look(self) -> None:
        self.mark_read(self.some_room())

    @task(1)
    def put_away(self) -> None:
        self.leave_for(random.uniform(*AWAY_SECONDS))
