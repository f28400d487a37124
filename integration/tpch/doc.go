// Package tpch has the queries of TPC-H in Leat's dialect, which DuckDB understands too but for back-quotes, and the answers at scale 0.01.
//
// scripts/tpch/data.sh makes the tables. Query text is that of DuckDB's tpch extension (MIT); the answers are DuckDB 2.0.0's over the tables
// of tpchgen-cli 4.0.0, whose texts are not in all places those of the TPC's dbgen. The specification is the TPC's.
package tpch
