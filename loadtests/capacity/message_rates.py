"""How much people say while sockets are counted."""

TALK_SECONDS = 60.0  # each says something once in so long
