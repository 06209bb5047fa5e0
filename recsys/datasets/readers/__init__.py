"""Readers of known raw formats, one file a format; each hands a Source to the import."""
