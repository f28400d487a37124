#!/usr/bin/env bash
# Prints a Python that has DuckDB and PyArrow, which exchange Parquet files with the tests of storage/format/columnar/parquet:
#
#   scripts/parquet/python.sh
#
# They come from PyPI and are kept in ${XDG_CACHE_HOME:-~/.cache}/leat. Exit code 77: there is no Python with venv, or PyPI cannot be reached.
set -euo pipefail
say() { echo "python.sh: $*" >&2; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/leat/parquet
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
tools=$cache/tools
if [ ! -f "$tools/complete" ]; then
  command -v python3 >/dev/null || { say "missing: python3"; exit 77; }
  rm -rf "$tools"
  { python3 -m venv "$tools" && "$tools/bin/pip" install -q --retries 1 --timeout 20 duckdb==2.0.0 pyarrow==26.0.0; } >&2 ||
    { say "duckdb and pyarrow could not be installed from PyPI"; exit 77; }
  touch "$tools/complete"
fi
echo "$tools/bin/python"
