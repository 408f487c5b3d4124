"""The people of a load, as Locust's users: each file is one kind of person."""

from loadtests.users.bot import Bot
from loadtests.users.lurker import Lurker
from loadtests.users.person import HubbubUser
from loadtests.users.reader import Reader
from loadtests.users.talker import Talker
from loadtests.users.wanderer import Wanderer

PEOPLE: list[type[HubbubUser]] = [Reader, Talker, Wanderer, Lurker, Bot]

__all__ = ["PEOPLE", "Bot", "HubbubUser", "Lurker", "Reader", "Talker", "Wanderer"]
