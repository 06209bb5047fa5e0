"""The public API: what `import recsys` offers, against the library underneath it; and `show` in a process of its own."""

import importlib
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recsys
from recsys.core import Dataset, request_at
from recsys.core.errors import CheckpointError, NotTrainedError
from recsys.training.checkpoints import LoadedCheckpoint

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "python-api.md"
USER = "p0042"


@pytest.fixture(scope="module")
def data() -> Dataset:
    return recsys.open_dataset("demo-city")


@pytest.fixture(scope="module")
def model(data: Dataset) -> LoadedCheckpoint:
    return recsys.load("item-knn", data)


def run_apart(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Code in a process of its own, with a RECSYS_HOME and temporary files in a folder."""
    (folder / "temporary").mkdir(exist_ok=True)
    places = {"PYTHONPATH": str(ROOT), "RECSYS_HOME": str(folder / "home"), "TMPDIR": str(folder / "temporary")}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=folder, env={**os.environ, **places}, capture_output=True, text=True, check=False
    )


class TestNames:
    def test_they_are_all_there(self) -> None:
        assert recsys.__all__ == ["App", "explain", "load", "open_dataset", "recommend", "recommender", "replay_history", "show", "to_shap"]
        assert all(callable(getattr(recsys, name)) for name in recsys.__all__)
        assert set(recsys.__all__) <= set(dir(recsys))

    def test_others_are_not(self) -> None:
        with pytest.raises(AttributeError, match="'recsys' has no attribute 'train_everything'"):
            _ = recsys.train_everything  # type: ignore[attr-defined]

    def test_importing_costs_nothing(self, tmp_path: Path) -> None:
        loaded = run_apart("import recsys, sys; print([name for name in sys.modules if not name.startswith('recsys')])", tmp_path).stdout
        assert not {"numpy", "pandas", "torch", "streamlit", "pyarrow", "duckdb"} & {*re.findall(r"'(\w+)", loaded)}

    def test_explain_is_a_function_before_and_after_its_package_is_imported(self, tmp_path: Path) -> None:
        before = "import recsys; print(callable(recsys.explain)); import recsys.explain.game; print(callable(recsys.explain), recsys.explain.Game)"
        assert run_apart(before, tmp_path).stdout.startswith("True\nTrue <class")
        assert importlib.import_module("recsys.explain") is recsys.explain


class TestFunctions:
    def test_recommendations_are_the_best_scores(self, data: Dataset, model: LoadedCheckpoint) -> None:
        scores = model.model.score([request_at(data.history(USER), 30)])[0]
        best = np.argsort(-scores, kind="stable")[:5]
        found = recsys.recommend(model, data, USER, step=30, k=5)
        assert [each.item_id for each in found] == list(model.model.item_ids[best])
        np.testing.assert_allclose([each.score for each in found], scores[best], rtol=1e-6)

    def test_names_stand_for_datasets_and_the_last_step_is_the_default(self, data: Dataset, model: LoadedCheckpoint) -> None:
        length = len(data.history(USER))
        assert recsys.recommend(model, "demo-city", USER) == recsys.recommend(model, data, USER, step=length)

    def test_replayed_ranks_are_those_of_single_requests(self, data: Dataset, model: LoadedCheckpoint) -> None:
        history, replay = data.history(USER), recsys.replay_history(model, data, USER)
        places = {item: at for at, item in enumerate(model.model.item_ids)}
        for step in range(0, len(history), 7):
            scores = model.model.score([request_at(history, step)])[0]
            score = scores[places[history.items[step]]]
            assert replay.ranks[step] == 1 + (scores > score).sum() + ((scores == score).sum() - 1) / 2
        assert set(replay.splits) == {"train", "validation", "test"}

    def test_leaving_one_event_out_is_what_it_says(self, data: Dataset, model: LoadedCheckpoint) -> None:
        step, history = 12, data.history(USER)
        found = recsys.explain(model, data, USER, step=step, method="leave-one-out")
        column = list(model.model.item_ids).index(found.item_id)
        assert found.item_id == recsys.recommend(model, data, USER, step=step, k=1)[0].item_id
        request = request_at(history, step)
        whole = model.model.score([request])[0][column]
        for player, value in zip(found.players, found.values, strict=True):
            if player.kind == "event":
                less = request_at(history.without(np.array(player.steps)), step - 1)
                assert value == pytest.approx(whole - model.model.score([less])[0][column], abs=1e-5)

    @pytest.mark.parametrize("step", [12, None])
    def test_shapley_values_add_up_for_short_and_long_histories(self, data: Dataset, model: LoadedCheckpoint, step: int | None) -> None:
        found = recsys.explain(model, data, USER, step=step, item="v160", budget=400)
        assert found.item_id == "v160"
        assert found.baseline + found.values.sum() + found.residual == pytest.approx(found.score, abs=1e-5)
        assert (len(data.history(USER)) > 50) and {player.kind for player in found.players} >= ({"event"} if step else {"group"})

    def test_a_model_is_refused_on_other_data(self, tiny: Dataset, model: LoadedCheckpoint) -> None:
        with pytest.raises(CheckpointError, match="was trained on 'demo-city', not on 'tiny'"):
            recsys.load(model.folder, tiny)
        with pytest.raises(NotTrainedError, match="train it with"):
            recsys.load("markov", tiny)


SHOW = """
import json, tempfile, urllib.request
import numpy as np, pandas as pd
import recsys
random = np.random.default_rng(1)
events = pd.DataFrame({
    "user_id": random.integers(30, size=600),
    "item_id": random.integers(50, size=600),
    "timestamp": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(100_000, size=600), unit="min"),
})
items = pd.DataFrame({"item_id": range(50), "title": [f"Title {at}" for at in range(50)]})
"""


class TestShow:
    def show(self, code: str, folder: Path) -> Any:
        done = run_apart(SHOW + textwrap.dedent(code), folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def test_tables_become_a_dataset_of_this_process_alone(self, tmp_path: Path) -> None:
        found = self.show(
            """
            app = recsys.show(events, items=items, open_browser=False)
            data = recsys.open_dataset("my-data")
            counts = data.interactions["item_id"].astype(str).value_counts().to_dict()
            print(json.dumps({
                "url": str(app), "html": app._repr_html_(), "answers": urllib.request.urlopen(app.url).status,
                "same": counts == events["item_id"].astype(str).value_counts().to_dict(), "title": data.title_of("7"),
                "model": recsys.load("markov", data).card.model,
            }))
            """,
            tmp_path,
        )
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/timeline\?dataset=my-data", found["url"])
        assert f'<iframe src="{found["url"]}"' in found["html"]
        assert (found["answers"], found["same"], found["title"], found["model"]) == (200, True, "Title 7", "markov")
        assert not (tmp_path / "home").exists()
        assert not list((tmp_path / "temporary").iterdir())

    def test_models_of_ones_own_are_shown(self, tmp_path: Path) -> None:
        found = self.show(
            """
            def popular(user_id, history, k):
                return events["item_id"].value_counts().index[:k].tolist()

            last = events.sort_values("timestamp").groupby("user_id")["item_id"].last()
            seen = events.groupby("user_id")["item_id"].agg(set)
            lists = pd.DataFrame(
                [(user, item, -place) for user in last.index
                 for place, item in enumerate([last[user], *[each for each in range(50) if each not in seen[user]][:4]])],
                columns=["user_id", "item_id", "score"],
            )
            lists.to_csv("lists.csv", index=False)
            known = events["item_id"].unique()
            import numpy as np
            np.save("vectors.npy", np.random.default_rng(0).normal(size=(len(known), 4)))
            pd.DataFrame({"idx": range(len(known)), "item_id": known}).to_csv("known.csv", index=False)
            models = [popular, lists, "lists.csv", "vectors.npy"]
            urls = [recsys.show(events, each, items=items, open_browser=False, **answers).url
                    for each, answers in zip(models, [{}, {"made_before": "last"}, {"made_before": "last"},
                                                   {"item_ids": "known.csv", "similarity": "cosine"}])]
            names = [url.rpartition("model=")[2] for url in urls]
            data = recsys.open_dataset("my-data")
            first = recsys.recommend(recsys.load(names[2], data), data, "7", step=len(data.history("7")) - 1)
            print(json.dumps({"names": names, "first": first[0].item_id, "last": str(last[7])}))
            """,
            tmp_path,
        )
        assert found["names"][0] == "popular" and found["names"][2].startswith("lists")
        assert not found["names"][1].startswith(("popular", "markov")) and found["names"][3].startswith("vectors")
        assert not (tmp_path / "home").exists()

    def test_every_view_has_its_data_and_the_same_data_its_view(self, tmp_path: Path) -> None:
        urls = self.show(
            """
            events.to_csv("clicks of 2024.csv", index=False)
            shown = [events, events.head(300), events, "clicks of 2024.csv", "demo-city", recsys.open_dataset("demo-city")]
            apps = [recsys.show(each, open_browser=False) for each in shown]
            apps.append(recsys.show("demo-city", "sasrec", open_browser=False))
            apps.append(recsys.show("demo-city", recsys.load("markov", "demo-city"), open_browser=False))
            apps.append(recsys.show(events, name="named", open_browser=False))
            import shutil
            shutil.copytree(recsys.load("markov", "demo-city").folder, "counted-elsewhere")
            apps.append(recsys.show("demo-city", "counted-elsewhere", open_browser=False))
            assert recsys.load("counted-elsewhere", "demo-city").folder.is_relative_to(tempfile.gettempdir())
            print(json.dumps([app.url.partition("?")[2] for app in apps]))
            """,
            tmp_path,
        )
        data = [
            "my-data",
            "my-data-2",
            "my-data",
            "clicks-of-2024",
            "demo-city",
            "demo-city",
            "demo-city&model=sasrec",
            "demo-city&model=markov",
        ]
        assert urls == [f"dataset={each}" for each in [*data, "named", "demo-city&model=counted-elsewhere"]]
        assert not (tmp_path / "home").exists()

    def test_a_stopped_app_can_be_opened_again(self, tmp_path: Path) -> None:
        first, refused, second = self.show(
            """
            first = recsys.show(events, open_browser=False)
            first.stop()
            try:
                refused = urllib.request.urlopen(first.url).status
            except OSError as error:
                refused = "refused" in str(error)
            second = recsys.show(events, open_browser=False)
            print(json.dumps([first.url, refused, urllib.request.urlopen(second.url).status]))
            """,
            tmp_path,
        )
        assert first and refused is True and second == 200

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("'demo-city', items=items", "has its items and users already; leave items and users out"),
            ("events, name='ml-1m'", "'ml-1m' is the name of a known dataset; give your data another name"),
            ("events, name='../out'", "the dataset name '../out' cannot be used"),
            ("events, 'sasrec'", "the model 'sasrec' has no checkpoint for 'my-data'"),
            ("events, {}", "'dict' has neither score(histories) nor recommend(user_id, history, k)"),
            ("'nowhere.csv'", "nowhere.csv"),
            ("events.assign(user_id=[1, 'a'] * 300)", "the table my-data cannot be written as Parquet"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments: str, message: str, tmp_path: Path) -> None:
        code = f"""
            from recsys.core.errors import RecsysError
            try:
                recsys.show({arguments}, open_browser=False)
            except RecsysError as error:
                print(json.dumps(str(error)))
            """
        assert message in self.show(code, tmp_path)

    def test_a_second_port_is_refused(self, tmp_path: Path) -> None:
        found = self.show(
            """
            from recsys.core.errors import DataError
            app = recsys.show(events, open_browser=False)
            try:
                recsys.show(events, port=1, open_browser=False)
            except DataError as error:
                print(json.dumps(str(error)))
            """,
            tmp_path,
        )
        assert found.startswith("the app runs in this process already, at http://127.0.0.1:")


def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.M | re.S)
    assert len(blocks) >= 7
    done = run_apart("\n".join(blocks), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rank of the next item at step 40" in done.stdout
    assert not (tmp_path / "home").exists()


def test_the_documentation_lists_every_name() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert not [name for name in recsys.__all__ if name != "App" and f"recsys.{name}(" not in text]
