"""Most people: have it open beside their work, read what comes, scroll back now and then."""

import random

from locust import task

from loadtests.users.browser_user import TabUser
from loadtests.users.user_mix import READER, pause


class Reader(TabUser):
    habit = READER
    weight = READER.weight
    wait_time = pause(20)  # looks up from the work three times a minute

    @task(8)
    def read(self) -> None:
        self.mark_read(self.some_room())

    @task(1)
    def look_back(self) -> None:
        self.scroll_back(self.some_room(), pages=random.randint(1, 3))
