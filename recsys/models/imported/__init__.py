"""Models that were trained elsewhere; the readers of their files are in `recsys/model_import/`."""
