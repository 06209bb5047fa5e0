"""Attribution methods, one file each, and the parts of the Shapley estimators."""
