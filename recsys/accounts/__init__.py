"""Accounts, their roles, and the log of what they did."""
