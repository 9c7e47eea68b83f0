"""The demo city: a fictional riverside county-level city, made the same way every time."""
