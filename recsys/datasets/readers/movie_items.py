"""The item table shared by the MovieLens readers: title, category, and text for text models."""

import pandas as pd


def movie_items(titles: pd.Series, genres: pd.Series, details: pd.Series | None = None) -> pd.DataFrame:
    """Return title, first genre as category, and genres and details as text, indexed by item_id. `genres` holds lists."""
    listed = genres.map(lambda names: [name for name in names if name and not name.startswith("(no ")])
    text = listed.map(lambda names: f"{', '.join(names)}." if names else "")
    if details is not None:
        text = (text + " " + details.reindex(titles.index).fillna("")).str.strip()
    return pd.DataFrame(
        {"title": titles, "category": listed.map(lambda names: names[0] if names else None), "text": text.replace("", None)}
    )
