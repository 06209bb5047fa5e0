"""Paths, atomic writes and the JSON serializer."""
