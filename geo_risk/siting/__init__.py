"""Siting: may this stand here, what would make it pass, and where would it? Where layers, models and results meet."""
