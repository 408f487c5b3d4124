"""The few who write most of what is written; they read all of it, and mend what they wrote."""

from locust import task

from loadtests.users.browser_user import TabUser
from loadtests.users.user_mix import TALKER, pause


class Talker(TabUser):
    habit = TALKER
    weight = TALKER.weight
    wait_time = pause(15)

    @task(6)
    def read(self) -> None:
        self.mark_read(self.some_room())

    @task(2)
    def edit(self) -> None:
        self.edit_last(self.some_room())

    @task(1)
    def look_back(self) -> None:
        self.scroll_back(self.some_room(), pages=1)
