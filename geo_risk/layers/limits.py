"""How large and how deep a file may be: beyond these it is an accident or an attack, and is refused with a word."""

from __future__ import annotations

# Archives. A province's land survey unpacks to some GB. Deflate packs 1032:1 at best, and only bytes that say
# nothing; the emptiest real tables (blank-padded DBF) reach 100:1, and small members do no harm at any ratio.
UNPACKED_BYTES = 8 * 2**30
PACKED_RATIO = 200
RATIO_FREE_BYTES = 64 * 2**20
ARCHIVE_MEMBERS = 10_000  # a file geodatabase of hundreds of tables has some thousand files

# Texts that are held in memory while they are parsed: JSON takes about ten times its size, XML three times.

JSON_BYTES = 2 * 2**30
XML_BYTES = 256 * 2**20

# Rows. All buildings of a province are ten million.
FEATURES = 20_000_000
TABLE_CELLS = 200_000_000  # values of a Parquet table, which packs a thousand million equal ones into some KB
# The coast of a country at 1:50,000 has about a million vertices; drawing and overlay are linear or worse in it.
FEATURE_VERTICES = 5_000_000

# A workbook ends at 1,048,576 x 16,384 cells = 17 thousand million; one stray cell in that corner would make
# every reader walk them all. A full sheet of 20 columns fits.
WORKBOOK_CELLS = 21_000_000
# One value of a CSV; the outline of a province as WKT is some MB.
FIELD_CHARACTERS = 16 * 2**20
FOLDER_DEPTH = 64  # folders within folders of a KML
