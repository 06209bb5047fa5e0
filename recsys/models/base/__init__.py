"""Base classes of models and the arrays they read: gradient models, count-based models, linear models."""
