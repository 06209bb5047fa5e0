"""A model as a whole: the importance of kinds of events over many users, and a surrogate in a few rules."""
