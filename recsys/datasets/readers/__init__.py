"""Readers of known raw formats, one module for each format; each returns a Source."""
