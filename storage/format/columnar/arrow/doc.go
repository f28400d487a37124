// Package arrow reads and writes Arrow's IPC format, file and stream, in vectors.
//
// The Arrow library reads and writes the messages; this package turns record batches into vectors and back. Buffers are copied where the
// layouts agree (package vector says where they differ). Open tells file and stream apart by how they begin.
//
//	Arrow                                        SQL
//	bool, int8-64, float32, float64              BOOLEAN, TINYINT-BIGINT, FLOAT, DOUBLE
//	uint8, uint16, uint32, uint64, float16       SMALLINT, INT, BIGINT, DECIMAL(20, 0), FLOAT
//	decimal32-256 of up to 38 digits             DECIMAL
//	date, time, timestamp, with a zone           DATE, TIME(3), TIMESTAMP, TIMESTAMP_LTZ
//	months, duration                             INTERVAL YEAR TO MONTH, INTERVAL DAY TO SECOND
//	utf8, binary, their large and view forms     STRING, BYTES
//	fixed_size_binary                            BINARY
//	list, large_list, fixed_size_list            ARRAY
//	map, struct                                  MAP, ROW
//	dictionary, extension                        what they hold
//
// A MULTISET is written as the map from elements to how often each is there.
//
// Start reading at file.go, then column.go.
package arrow
