"""Labels of slices and of further metrics on the leaderboard; translated where they are shown."""

from recsys.core.translation import N_

MORE_METRICS = {
    "precision@10": "Precision@10",
    "recall@10": "Recall@10",
    "f1@10": "F1@10",
    "coverage@10": N_("Coverage@10"),
    "novelty@10": N_("Novelty@10, bits"),
    "diversity@10": N_("Diversity@10"),
    "rmse": N_("RMSE of ratings"),
    "log_loss": N_("Log loss of behaviours"),
    "parameters": N_("Parameters"),
    "seconds": N_("Training time, s"),
    "request": N_("Latency of one request, ms"),
}
LOGARITHMIC = ("parameters", "seconds", "request")

ALL = "all"
SLICES = {ALL: N_("All cases"), "new_users": N_("New users"), "rare_items": N_("Rare items")}
SLICE_HELP = {
    "new_users": N_("Only cases of users with at most five earlier events."),
    "rare_items": N_("Only cases whose next item has at most five training events."),
}
EMPTY_SLICES = {
    "new_users": N_("No cold start of users: every user has more than five events before the evaluated ones."),
    "rare_items": N_("No cold start of items: every next item has more than five training events."),
}
