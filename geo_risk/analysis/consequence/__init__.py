"""Consequences of a release: one published model is one function. Formulas know no files, layers or scenarios."""
