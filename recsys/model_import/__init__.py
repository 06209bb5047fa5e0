"""Import of trained models and finished recommendations: one door a module, listed in `formats.py`.

A door is a function that reads a file or folder and returns `ImportedModel`s for one dataset. No pickle is ever executed. An imported
model ranks exactly the items of the dataset, in its order: items that it does not know score −inf, and its own items that the dataset
does not have are left out and counted (`matching.py`). `saving.py` writes it as a checkpoint like any other.
"""
