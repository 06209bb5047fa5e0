"""Counterfactuals: the smallest changes of a history that move an item out of a list or into it."""
