"""Everything that the handlers of requests share."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recsys.accounts.account import Account, open_local_account
from recsys.database.engine import Store, open_store
from recsys.http_api.access import Caller
from recsys.http_api.loading import Loader
from recsys.http_api.rate_limit import RateLimiter

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.training.checkpoints import LoadedCheckpoint


@dataclass(frozen=True)
class Service:
    """The datasets and models of this server, its store and the limits of its callers."""

    loader: Loader
    limiter: RateLimiter = field(default_factory=RateLimiter)

    @property
    def store(self) -> Store:
        """The store, opened when it is first needed: lists are made without it."""
        return open_store()

    def account(self, caller: Caller) -> Account:
        """Return the account that acts in a request."""
        return caller.account or open_local_account(self.store)

    def open(self, dataset: str, checkpoint: str) -> "tuple[Dataset, LoadedCheckpoint]":
        """Return a dataset and the version of a checkpoint that its name stands for."""
        data = self.loader.dataset(dataset)
        return data, self.loader.model(data, checkpoint)


def name_version(loaded: "LoadedCheckpoint") -> str:
    """Return the name of the version that was loaded, such as "association@2"."""
    return loaded.folder.name or loaded.card.name
