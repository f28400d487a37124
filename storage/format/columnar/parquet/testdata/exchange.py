# Exchanges Parquet files with the tests: python exchange.py write DIR | read FILE...
#
# write makes files of nested columns by PyArrow and DuckDB and reads them. read prints what the two read, a row a line, as the tests show rows.
import decimal, glob, json, sys
import duckdb, pyarrow as pa, pyarrow.parquet as pq

def rows():
    for i in range(40):
        none = i % 7 == 3
        yield {
            "id": i,
            "ints": None if none else [None if j == 1 else i * j for j in range(i % 4)],
            "deep": None if i % 5 == 4 else [[str(k) for k in range(j)] if j != 2 else None for j in range(i % 5)],
            "row": None if i % 6 == 2 else {"x": i, "y": None if i % 3 == 0 else f"y{i}", "z": [i] * (i % 3)},
            "rows": None if none else [{"a": j, "b": None if j == 0 else [float(j)]} for j in range(i % 3)],
            "map": None if i % 8 == 7 else [(f"k{j}", None if j == 1 else j) for j in range(i % 3)],
        }

SCHEMA = pa.schema([
    pa.field("id", pa.int32(), nullable=False),
    ("ints", pa.list_(pa.int64())),
    ("deep", pa.list_(pa.list_(pa.string()))),
    ("row", pa.struct([("x", pa.int32()), ("y", pa.string()), ("z", pa.list_(pa.int16()))])),
    ("rows", pa.list_(pa.struct([("a", pa.int32()), ("b", pa.list_(pa.float64()))]))),
    ("map", pa.map_(pa.string(), pa.int32())),
])

def write(dir):
    table = pa.Table.from_pylist(list(rows()), schema=SCHEMA)
    pq.write_table(table, f"{dir}/arrow-nested-v1.parquet", data_page_version="1.0", compression="snappy")
    pq.write_table(table, f"{dir}/arrow-nested-v2.parquet", data_page_version="2.0", compression="zstd", use_compliant_nested_type=False,
                   use_dictionary=False, data_page_size=64, row_group_size=25, write_page_index=True)
    types = pa.table({
        "u64": pa.array([2**64 - 1, None, 0], pa.uint64()), "u32": pa.array([2**32 - 1, None, 0], pa.uint32()), "u8": pa.array([255, None, 0], pa.uint8()),
        "half": pa.array([1.5, None, -0.25], pa.float16()), "d38": pa.array([decimal.Decimal("-1.25"), None, decimal.Decimal("3.00")], pa.decimal128(38, 2)),
        "d5": pa.array([decimal.Decimal("-1.25"), None, decimal.Decimal("3.00")], pa.decimal128(5, 2)), "s": pa.array(["a", None, "c"], pa.large_string()),
    })
    pq.write_table(types, f"{dir}/arrow-nested-types.parquet", store_decimal_as_integer=False)
    duckdb.register("t", table)
    duckdb.execute(f"COPY t TO '{dir}/duckdb-nested.parquet' (FORMAT parquet, CODEC zstd)")

def show(v):
    if v is None:
        return "NULL"
    if isinstance(v, bool):
        return str(v).lower()
    if isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    if isinstance(v, float):
        return repr(v).removesuffix(".0")
    if isinstance(v, decimal.Decimal):
        return format(v, "f")
    if isinstance(v, list):
        return "[" + ", ".join(map(show, v)) + "]"
    if isinstance(v, dict):
        return "(" + ", ".join(map(show, v.values())) + ")"
    return str(v)

def shown(v, typ):
    if v is not None and typ == "map":
        items = v.items() if isinstance(v, dict) else v
        return "{" + ", ".join(f"{show(k)}={show(x)}" for k, x in items) + "}"
    return show(v)

def read(files):
    for file in files:
        table = pq.read_table(file)
        kinds = ["map" if pa.types.is_map(f.type) else "" for f in table.schema]
        lines = [" ".join(shown(v, k) for v, k in zip(row.values(), kinds)) for row in table.to_pylist()]
        other = [" ".join(shown(v, k) for v, k in zip(row, kinds)) for row in duckdb.execute(f"SELECT * FROM read_parquet('{file}')").fetchall()]
        print(file.rsplit("/", 1)[-1])
        print("\n".join(lines))
        if lines != other:
            print("DuckDB reads something else:")
            print("\n".join(other))

if sys.argv[1] == "write":
    write(sys.argv[2])
    read(sorted(glob.glob(sys.argv[2] + "/*-nested*")))
else:
    read(sys.argv[2:])
