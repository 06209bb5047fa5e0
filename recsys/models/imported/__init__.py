"""Models trained elsewhere: a class per kind, which reads no file; `recsys/model_import` makes them from what people have."""
