"""A project before it stands: what it endangers, what endangers it, and where it could stand instead."""
