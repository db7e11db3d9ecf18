"""Times as logs have them: whoever compares both on the night of a sale has no time for noons."""

DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"
TIME_FORMAT = "H:i"
