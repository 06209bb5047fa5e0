"""Parts that several neural models are built from."""
