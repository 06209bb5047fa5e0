"""Importing a file: its format, the role of each column, times, cleaning, and the ingest to a prepared folder."""
