"""Somebody on the way: walks between rooms, loses the network in lifts, and resumes elsewhere."""

import random

from locust import task

from loadtests.load.run_series import CONNECT
from loadtests.users.browser_user import OPEN_SECONDS, TabUser
from loadtests.users.user_mix import WANDERER, pause

LIFT_SECONDS = (0.5, 10.0)


class Wanderer(TabUser):
    habit = WANDERER
    weight = WANDERER.weight
    wait_time = pause(10)

    @task(3)
    def read(self) -> None:
        self.mark_read(self.some_room())

    @task(3)
    def walk(self) -> None:
        """Close a room, look at another for its history, open the first again."""
        assert self.tab is not None
        room = self.some_room()
        try:
            self.tab.unsubscribe(room, within=OPEN_SECONDS)
            self.read_page(room)
            self.tab.open(room, within=OPEN_SECONDS)
        except TimeoutError as error:
            self.load.failed(CONNECT, "a room", error)

    @task(2)
    def take_the_lift(self) -> None:
        self.leave_for(random.uniform(*LIFT_SECONDS))
