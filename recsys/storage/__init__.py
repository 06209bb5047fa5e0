"""Files: paths, atomic writes and the JSON serialiser."""
