"""The people of a load, as Locust's users: each file is one kind of person.

Importing a kind imports Locust, which patches the standard library: only the locustfile does. What
is pure here (`habits`, `words`) is for everybody, so nothing is imported in this file.
"""
