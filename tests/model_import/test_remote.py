"""Models fetched by the libraries of MLflow and the Hugging Face Hub, where these are installed."""

import sys
from pathlib import Path

import pytest

from recsys.core.errors import DataError
from recsys.model_import.remote import fetch_source


@pytest.mark.parametrize("text", ["recs.csv", "models/saved", "C:/models/saved", "markov"])
def test_any_other_text_is_a_path(text: str) -> None:
    with fetch_source(text) as path:
        assert path == Path(text)


@pytest.mark.parametrize(("text", "package"), [("mlflow:4711", "mlflow"), ("hf:me/tiny", "huggingface_hub")])
def test_a_missing_library_is_named(text: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with (
        pytest.raises(DataError, match=f"^'{text}' needs the package {package}; install it with: pip install {package}$"),
        fetch_source(text),
    ):
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the Hugging Face Hub with the repository me/tiny, as the library lays it out, and no network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    snapshot = tmp_path / "models--me--tiny" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "models--me--tiny" / "refs").mkdir()
    (tmp_path / "models--me--tiny" / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return snapshot


def test_a_repository_is_a_folder(hub: Path) -> None:
    with fetch_source("hf:me/tiny") as path:
        assert path == hub
        assert (path / "config.json").read_text(encoding="utf-8") == "{}"
    assert hub.exists(), "the cache is the library's own"


@pytest.mark.parametrize("name", ["me/unknown", "not a name", ""])
def test_a_repository_that_cannot_be_fetched_is_one_line(hub: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"^'hf:{name}' cannot be fetched: .+$"), fetch_source(f"hf:{name}"):
        pass


class TestRuns:
    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        mlflow = pytest.importorskip("mlflow")
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
        (tmp_path / "recs.csv").write_text("user_id,item_id\nann,tea\n", encoding="utf-8")
        experiment = mlflow.create_experiment("tiny", artifact_location=(tmp_path / "artifacts").as_uri())
        with mlflow.start_run(experiment_id=experiment) as started:
            mlflow.log_artifact(str(tmp_path / "recs.csv"), "lists")
        return str(started.info.run_id)

    def test_artifacts_are_fetched_and_removed(self, run: str) -> None:
        with fetch_source(f"mlflow:{run}/lists/recs.csv") as path:
            assert path.read_text(encoding="utf-8") == "user_id,item_id\nann,tea\n"
        assert not path.exists()
        with fetch_source(f"mlflow:{run}") as folder:
            assert [each.relative_to(folder).as_posix() for each in folder.rglob("*.csv")] == ["lists/recs.csv"]

    def test_an_unknown_run_is_one_line(self, run: str) -> None:
        with pytest.raises(DataError, match=r"^'mlflow:4711' cannot be fetched: .+$"), fetch_source("mlflow:4711"):
            pass
