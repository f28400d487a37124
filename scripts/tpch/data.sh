#!/usr/bin/env bash
# Makes the tables of TPC-H, a Parquet file each, and prints the directory that they are in:
#
#   scripts/tpch/data.sh --scale 1 --answers yes
#
#   --scale N      about N GB of text                                      (default 0.01)
#   --answers yes  what DuckDB answers to the queries goes to DIR/answers  (default no)
#
# What is there already is not made again. tpchgen-cli and DuckDB come from PyPI; they and the tables are kept in
# ${XDG_CACHE_HOME:-~/.cache}/leat. Exit code 77: there is no Python with venv, or PyPI cannot be reached.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scale=0.01 answers=no
say() { echo "data.sh: $*" >&2; }
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || { say "$1 needs a value; see the head of this script"; exit 1; }
  case $1 in
  --scale) scale=$2 ;;
  --answers) answers=$2 ;;
  *) say "unknown option $1; see the head of this script"; exit 1 ;;
  esac
  shift 2
done

cache=${XDG_CACHE_HOME:-$HOME/.cache}/leat/tpch
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
tools=$cache/tools
if [ ! -f "$tools/complete" ]; then
  command -v python3 >/dev/null || { say "missing: python3"; exit 77; }
  rm -rf "$tools"
  { python3 -m venv "$tools" && "$tools/bin/pip" install -q --retries 1 --timeout 20 tpchgen-cli==4.0.0 duckdb==2.0.0; } >&2 ||
    { say "tpchgen-cli and duckdb could not be installed from PyPI"; exit 77; }
  touch "$tools/complete"
fi

dir=$cache/sf$scale
if [ ! -d "$dir" ]; then
  rm -rf "$dir.new"
  "$tools/bin/tpchgen-cli" parquet -s "$scale" --output-dir="$dir.new" >&2
  mv "$dir.new" "$dir"
fi
if [ "$answers" = yes ] && [ ! -d "$dir/answers" ]; then
  rm -rf "$dir/answers.new"
  mkdir "$dir/answers.new"
  "$tools/bin/python" "$here/duckdb_run.py" --data "$dir" --answers "$dir/answers.new" "$here"/../../integration/tpch/queries/*.sql >/dev/null
  mv "$dir/answers.new" "$dir/answers"
fi
echo "$dir"
