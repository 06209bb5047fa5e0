"""Models brought from outside. They rank the items of a dataset; `recsys/model_import` makes them from files."""
