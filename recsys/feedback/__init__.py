"""Feedback on recommended lists: what was shown, what people did, and models refitted on it."""
