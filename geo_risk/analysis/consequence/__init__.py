"""Consequences of releases: one published model = one function of numbers; no files, layers or scenarios."""
