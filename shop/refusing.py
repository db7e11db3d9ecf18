"""What is said where something cannot be changed as things stand, whoever asked for it."""


class CannotChange(Exception):
    """Nothing was changed. The message says why, and what to do."""

    # What it means for what was to be changed, in a few words.
    title = "It stays as it is"
