"""The fault matrix: what tests told of its rows, and of the diagnosis codes they raised, against what must be shown."""

import json
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Names the file that tests append to; see crates/store/src/testing/record.rs and e2e/support/row.mjs.
RECORD_VARIABLE = "CRIER_TEST_RECORD"


def wanted():
    """The rows by where they are shown, and the codes that are for later."""
    table = tomllib.loads((ROOT / "script/fault-matrix.toml").read_text())
    return table["rows"], table["later"]


def codes():
    """Every code of the model."""
    source = (ROOT / "crates/model/src/diagnosis.rs").read_text()
    return re.findall(r'^    [A-Z]\w+ "([a-z_.]+)" \{ "', source, re.M)


def told(path):
    """What tests told: rows in order, and codes."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for line in lines if "row" in line], {line["code"] for line in lines if "code" in line}


def row_problems(rows, wanted, places):
    """Rows that nobody told of, that came out otherwise, or that are in no list. `places` are those that tests were run for."""
    for place in places:
        seen = {row["row"] for row in rows if is_of(place, row)}
        yield from (f"{place}: nobody told of “{name}”" for name in wanted[place] if name not in seen)
    for row in rows:
        if not any(is_of(place, row) and row["row"] in names for place, names in wanted.items()):
            yield f"“{row['row']}” (on {row['on']}) is not in script/fault-matrix.toml"
        if row["got"] != row["expected"]:
            yield f"“{row['row']}” (on {row['on']}): expected {row['expected']}, got {row['got']}"


def is_of(place, row):
    """Whether a row was told by tests of that place."""
    return {"browser": "Chromium", "killed": "SIGKILL"}.get(place, row["on"]) == row["on"] and (
        place != "database" or row["on"] in ("SQLite", "PostgreSQL"))


def code_problems(raised, codes, later):
    """Codes that no test raised, and codes for later that are raised already or don't exist."""
    yield from (f"{code}: no test raised it" for code in codes if code not in raised and code not in later)
    yield from (f"{code}: raised by a test, so it is no longer for later" for code in later if code in raised)
    yield from (f"{code}: there is no such code for later" for code in later if code not in codes)


def as_table(rows):
    """The rows for people to read, in Markdown."""
    lines = ["| row | on | expected | got |", "| --- | --- | --- | --- |"]
    seen = set()
    for row in rows:
        cells = tuple(str(row[key]).replace("|", "\\|").replace("\n", " ") for key in ("row", "on", "expected", "got"))
        if cells not in seen:
            seen.add(cells)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def in_order(rows, wanted):
    """The rows as the list has them."""
    order = {(place, name): n for n, (place, name) in enumerate((p, name) for p, names in wanted.items() for name in names)}

    def key(row):
        return min((n for (place, name), n in order.items() if name == row["row"] and is_of(place, row)), default=len(order))

    return sorted(rows, key=lambda row: (key(row), row["on"]))
