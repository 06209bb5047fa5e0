"""Import of trained models and finished recommendations: one module for each format, listed in `formats.py`.

The module's `read` makes `ImportedModel`s of one dataset from a file or folder. No pickle is ever executed. An imported model ranks exactly
the items of the dataset, in its order: items that it does not know score −inf, and its own items that the dataset does not have are left
out and counted (`matching.py`). `saving.py` writes it as a checkpoint like any other.
"""
