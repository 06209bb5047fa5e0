"""Names of imported models: they never replace a model that was trained."""

from pathlib import Path

from recsys.datasets import open_dataset
from recsys.model_import.options import ImportOptions
from recsys.model_import.recommendation_table import read
from recsys.model_import.saving import save_imported_model, suggest_name
from recsys.training.checkpoints import list_checkpoints


def test_an_import_replaces_an_imported_model_but_never_a_trained_one(tmp_path: Path) -> None:
    dataset = open_dataset("demo-city")
    file = tmp_path / "recs.csv"
    lines = [f"{user},{dataset.item_ids[0]},1,{model}" for user in dataset.user_ids[:9] for model in ("popularity", "my model")]
    file.write_text("\n".join(["user_id,item_id,rank,model", *lines]), encoding="utf-8")
    trained = {each.name: each.card.model for each in list_checkpoints("demo-city")}
    assert "popularity" in trained
    for _import in range(2):
        others = list_checkpoints("demo-city")
        for each in read(file, dataset, ImportOptions(made_before="end")):
            save_imported_model(each, dataset, suggest_name(each.name, others))
    found = {each.name: each.card.model for each in list_checkpoints("demo-city")}
    assert found == {**trained, "popularity-imported": "lists", "my-model": "lists"}
