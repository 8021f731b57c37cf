"""What a file or a request is refused by: one line that says what it has, and what it may have."""


class Refused(ValueError):
    """A file that is no dictionary, one that does not fit, or a toy model that has no truth to compare with."""
