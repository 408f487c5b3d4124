"""What the stack says instead of a traceback."""


class StackError(Exception):
    """Something that the person at the terminal can mend; the text is a sentence that says how."""
