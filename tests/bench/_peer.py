"""RecTools' SASRec on the same events, run by an interpreter of its own: python _peer.py MODE EVENTS.npz THREADS [BATCHES].

Prints one JSON object. MODE training: targets a second of one epoch (or so many batches); top10: seconds for ten items a user.
"""

import json
import os
import sys
import time
import warnings

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, Trainer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.transformers.ligr import LiGRLayers

MAX_LENGTH = 200
USERS = int(os.environ.get("RECSYS_BENCH_USERS", "1000000"))


class Clock(Callback):
    """Seconds and targets of training alone, without setting up."""

    def on_train_start(self, *_) -> None:
        self.began, self.targets = time.perf_counter(), 0

    def on_train_batch_end(self, trainer, module, outputs, batch, number) -> None:
        self.targets += int((batch["y"] != 0).sum())
        self.seconds = time.perf_counter() - self.began


def main(mode: str, path: str, threads: str, batches: str = "-1") -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(int(threads))
    events = np.load(path)
    table = pd.DataFrame({Columns.User: events["users"], Columns.Item: events["items"], Columns.Weight: 1.0})
    table[Columns.Datetime] = pd.Timestamp("2000-01-01") + pd.to_timedelta(np.arange(len(table)), unit="s")
    dataset = Dataset.construct(table)
    limit = int(batches) if mode == "training" else 1
    model = SASRecModel(
        n_factors=64,
        n_blocks=2,
        n_heads=1,
        session_max_len=MAX_LENGTH,
        loss="softmax",
        transformer_layers_type=LiGRLayers,  # the blocks that ours has: gated residuals, SwiGLU of four times the width
        transformer_layers_kwargs={"ff_factors_multiplier": 4, "ff_activation": "swiglu", "bias_in_ff": True},
        batch_size=128,
        epochs=1,
        get_trainer_func=lambda: Trainer(
            max_epochs=1, max_steps=limit, callbacks=[Clock()], accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        ),
    )  # fmt: skip
    model.fit(dataset)
    if mode == "training":
        clock = next(each for each in model.fit_trainer.callbacks if isinstance(each, Clock))  # RecTools trains with a copy
        print(json.dumps({"targets_per_second": clock.targets / clock.seconds}))
        return
    began = time.perf_counter()
    model.recommend(np.unique(events["users"])[:USERS], dataset, k=10, filter_viewed=True)
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(*sys.argv[1:])
