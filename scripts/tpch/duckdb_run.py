"""Runs queries of TPC-H in DuckDB over Parquet files and prints a line of JSON for each: name, CPU and elapsed seconds.

The first run of each query reads the files into the page cache and does not count, unless --once yes is given; --answers DIR keeps
its rows as CSV.
"""
import argparse
import csv
import json
import os
import resource
import time

import duckdb

TABLES = "customer lineitem nation orders part partsupp region supplier".split()


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--answers")
    parser.add_argument("--once", default="no")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("queries", nargs="+")
    args = parser.parse_args()
    db = duckdb.connect()
    db.execute(f"SET threads = {args.threads}")
    for table in TABLES:
        db.execute(f"CREATE VIEW {table} AS SELECT * FROM '{args.data}/{table}.parquet'")
    for path in args.queries:
        name = os.path.splitext(os.path.basename(path))[0]
        with open(path) as f:
            query = f.read().replace("`", '"')
        began, used = time.perf_counter(), cpu()
        answer = db.execute(query)
        rows = answer.fetchall()
        if args.answers:
            with open(os.path.join(args.answers, name + ".csv"), "w", newline="") as f:
                out = csv.writer(f, lineterminator="\n")
                out.writerow(column[0] for column in answer.description)
                out.writerows(["\\N" if value is None else value for value in row] for row in rows)
        if args.once != "yes":
            began, used = time.perf_counter(), cpu()
            db.execute(query).fetchall()
        print(json.dumps({"query": name, "cpu": cpu() - used, "seconds": time.perf_counter() - began}), flush=True)


main()
