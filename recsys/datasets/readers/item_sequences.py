"""The `user item item …` layout: a person a line, oldest event first, order and no times."""

from pathlib import Path

import duckdb

from recsys.core import Check
from recsys.datasets.source import Source, count, one_file, quoted, reading


def read_lines(con: duckdb.DuckDBPyConnection, path: Path, encoding: str = "utf-8") -> Source:
    """One row an event. A person with several lines goes on where the last one ended."""
    with reading(path):
        con.execute(
            f"""
            CREATE TABLE lines AS SELECT string_split_regex(trim(line), '\\s+') AS words
            FROM read_csv({one_file(path)}, delim = '\x01', header = false, quote = '', escape = '', auto_detect = false,
                          columns = {{'line': 'VARCHAR'}}, max_line_size = 33554432, compression = 'none', encoding = {quoted(encoding)});
            CREATE TABLE raw AS SELECT words[1] AS user_id, item_id, (line * 100000000 + place)::VARCHAR AS position
            FROM (SELECT words, rowid AS line, unnest(words[2:]) AS item_id, generate_subscripts(words[2:], 1) AS place FROM lines)
            """
        )
    empty = count(con, "SELECT count(*) FROM lines WHERE len(words) < 2 AND words[1] <> ''")
    notes = (Check("people without items", empty, "dropped"),)
    return Source(path.name, {"user_id": "first word", "item_id": "further words", "position": "place in the line"}, notes=notes)
