"""Compares rows of random queries with those of DuckDB:

    go test ./client/sql/session -run RowsDepend -rapid.checks=3000 -args -queries /tmp/queries
    ~/.cache/leat/tpch/tools/bin/python scripts/tpch/duckdb_rows.py /tmp/queries

The directory has the tables as CSV and queries.jsonl: a query and its rows, as text, on each line. Tools are those of data.sh.
"""
import decimal
import json
import sys

import duckdb


def cell(value):
    return "\\N" if value is None else str(value)


def equal(a, b):
    if a == b:
        return True
    try:
        x, y = decimal.Decimal(a), decimal.Decimal(b)
    except decimal.InvalidOperation:
        return False
    return abs(x - y) <= decimal.Decimal("0.000001") * max(1, abs(x))


def order(row):
    def key(text):
        try:
            return (0, round(float(text), 3), "")
        except ValueError:
            return (1, 0.0, text)

    return [key(text) for text in row]


def main():
    folder = sys.argv[1]
    db = duckdb.connect()
    db.execute("SET threads = 1")
    db.execute("SET default_null_order = 'nulls_first_on_asc_last_on_desc'")
    columns = "{'k': 'INT', 'n': 'BIGINT', 'd': 'DECIMAL(12, 2)', 's': 'VARCHAR', 'day': 'DATE'}"
    for table in "t", "u":
        db.execute(f"CREATE TABLE {table} AS SELECT * FROM read_csv('{folder}/{table}.csv', header = false, columns = {columns})")
    same = refused = 0
    for line in open(folder + "/queries.jsonl"):
        case = json.loads(line)
        try:
            answer = db.execute(case["query"]).fetchall()
        except duckdb.Error as e:
            refused += 1
            print("REFUSED", case["query"], "\n  ", str(e).splitlines()[0])
            continue
        want = sorted(([cell(value) for value in row] for row in answer), key=order)
        got = sorted(case["rows"] or [], key=order)
        if len(got) == len(want) and all(all(map(equal, a, b)) for a, b in zip(got, want)):
            same += 1
            continue
        print("DIFFERENT", case["query"], f"\n   {len(got)} rows, DuckDB {len(want)}")
        for a, b in [(a, b) for a, b in zip(got, want) if not all(map(equal, a, b))][:3]:
            print("  ", a, "DuckDB", b)
    print(f"{same} the same, {refused} refused by DuckDB")


main()
