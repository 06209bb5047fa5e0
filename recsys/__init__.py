"""Recscope: explore, demonstrate and debug recommenders. The library does not depend on the user interface."""

__version__ = "0.1.0"
