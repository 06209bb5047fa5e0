"""Roles of accounts, and the least role that each action needs."""

from recsys.accounts.account import Account
from recsys.core.errors import NotAllowedError
from recsys.core.translation import N_, _

ROLES = ("none", "viewer", "editor", "admin")
"""Each role may do what those before it may; "none" is that of an account that may not come in."""

LEAST_ROLES = {
    "view": ("viewer", N_("view the data and the models")),
    "give feedback": ("editor", N_("give feedback")),
    "keep cases": ("editor", N_("keep cases")),
    "upload": ("editor", N_("upload data and models")),
    "prepare": ("editor", N_("prepare datasets")),
    "evaluate": ("editor", N_("evaluate models")),
    "refit": ("editor", N_("refit models")),
    "train": ("admin", N_("train models")),
    "replace": ("admin", N_("replace datasets or models that everyone uses")),
    "promote": ("admin", N_("promote or roll back versions")),
    "delete": ("admin", N_("delete versions or feedback of others")),
    "manage accounts": ("admin", N_("manage accounts")),
}
"""Least role, and the words of each action."""


def is_allowed(account: Account, action: str) -> bool:
    """Return whether the role of an account allows an action."""
    return ROLES.index(account.role) >= ROLES.index(LEAST_ROLES[action][0])


def check_allowed(account: Account, action: str) -> None:
    """Raise a NotAllowedError unless the role of an account allows an action; called where the action happens."""
    if not is_allowed(account, action):
        least, words = LEAST_ROLES[action]
        raise NotAllowedError(
            _(
                "your role {role} does not allow you to {action}; ask an admin for the role {least}",
                role=account.role,
                action=_(words),
                least=least,
            )
        )
