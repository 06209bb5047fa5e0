"""Counterfactuals: the smallest changes of a history that move an item out of the top-k list or into it."""
