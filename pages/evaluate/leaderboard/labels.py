"""Labels of metrics, splits and slices on the leaderboard; translated where they are shown."""

from recsys.core.translation import N_

DEFAULT_METRIC = "ndcg@10"
METRICS = {"ndcg@10": "NDCG@10", "hr@10": N_("Hit rate@10"), "hr@1": N_("Hit rate@1"), "mrr": "MRR"}
METRIC_HELP = {
    "ndcg@10": N_("1 where the next item is first, lower the further down it ranks, 0 outside the top 10"),
    "hr@10": N_("share of events whose next item is in the top 10"),
    "hr@1": N_("share of events whose next item is first"),
    "mrr": N_("mean of 1 divided by the rank of the next item"),
}
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

SPLITS = {"validation": N_("Validation events"), "test": N_("Test events")}
SPLITS_IN_SENTENCES = {"train": N_("training events"), "validation": N_("validation events"), "test": N_("test events")}

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
