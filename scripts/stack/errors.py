"""The error that the stack shows as one sentence instead of a traceback."""


class StackError(Exception):
    """Something that the person at the terminal can fix; the message says how."""
