"""The error that the stack shows as one sentence instead of a traceback."""


class StackError(Exception):
    """An error that the operator can fix. The message says how."""
