"""Quantitative risk: from footprints of single outcomes to individual and societal risk of a region."""
