"""The `user item item …` layout: one line per user, oldest event first, without times."""

from pathlib import Path

import duckdb

from recsys.core import Check
from recsys.datasets.source import Source, query_count, quote_literal, quote_path, reading_errors


def read_lines(con: duckdb.DuckDBPyConnection, path: Path, encoding: str = "utf-8") -> Source:
    """Fill the table `raw` with one row per event. Several lines of a user are joined in their order."""
    with reading_errors(path):
        con.execute(
            f"""
            CREATE TABLE lines AS SELECT string_split_regex(trim(line), '\\s+') AS words
            FROM read_csv({quote_path(path)}, delim = '\x01', header = false, quote = '', escape = '', auto_detect = false,
                          columns = {{'line': 'VARCHAR'}}, max_line_size = 33554432, compression = 'none', encoding = {quote_literal(encoding)});
            CREATE TABLE raw AS SELECT words[1] AS user_id, item_id, (line * 100000000 + place)::VARCHAR AS position
            FROM (SELECT words, rowid AS line, unnest(words[2:]) AS item_id, generate_subscripts(words[2:], 1) AS place FROM lines)
            """
        )
    empty = query_count(con, "SELECT count(*) FROM lines WHERE len(words) < 2 AND words[1] <> ''")
    notes = (Check("people without items", empty, "dropped"),)
    return Source(path.name, {"user_id": "first word", "item_id": "further words", "position": "place in the line"}, notes=notes)
