"""Names of users for people."""

from recsys.core.dataset import Dataset
from recsys.core.translation import _


def name_user(dataset: Dataset, user: str) -> str:
    """Return a user's display name: the name in the data, else the id."""
    users = dataset.users
    if users is not None and "name" in users and user in users.index and isinstance(users.at[user, "name"], str):
        return str(users.at[user, "name"])
    return _("User {id}", id=user)
