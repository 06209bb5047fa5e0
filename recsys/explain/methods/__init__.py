"""Attribution methods, one file each, and what Shapley values are estimated with."""
