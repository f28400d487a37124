// Package vector is columns of rows that have a schema: what SQL, its exchanges and its files work on.
//
// A Vector is one column in Arrow's memory layout: a bitmap of validity (nil when no row is NULL) and values side by side, little
// endian, as storage/datatype says for each type. What differs from Arrow: BOOLEAN is a byte and not a bit, so that kernels store it
// without reading; TIMESTAMP beyond milliseconds has its nanoseconds in a buffer of their own.
//
//	BOOLEAN bool | TINYINT int8 | SMALLINT int16 | INT, DATE, TIME, INTERVAL YEAR TO MONTH int32
//	BIGINT, TIMESTAMP, TIMESTAMP_LTZ, INTERVAL DAY TO SECOND, DECIMAL up to 18 digits int64 | DECIMAL beyond decimal.Int128
//	FLOAT float32 | DOUBLE float64 | CHAR, VARCHAR, BINARY, VARBINARY int32 offsets and bytes
//	ARRAY, MAP, MULTISET int32 offsets and child vectors: elements; keys and values; elements and INT NOT NULL, how often each is there
//	ROW child vectors of the fields, as long as itself
//
// Children are filled before or beside their parent. Of a list, for each row in ascending order: add its elements to every child (Append,
// AppendRange, or Extend and then set them), then PutEnd(row, length of the child so far); who knows all ends may set them first and
// fill the children later. Of a ROW set the fields at Children[k] of the same row; those of a ROW that is NULL are undefined, also where the
// field is NOT NULL. Finish on the outermost vector finishes all. To read, Elements(row) is where a list's elements are in the children, and a
// field is read at Children[k] at place At(row). Children are never constant.
//
// A constant is a Vector of one value that stands for all rows: At gives the place of a row's value in either.
//
// A Batch is some columns of one length and a selection: the indices, ascending, of the rows that count. Vectors belong to whoever
// made them; Reset keeps their memory. A Batch and what is read from it are valid until the owner resets them.
//
// Rows are added to a Batch by Append and AppendRows, and go over the wire by AppendWire and DecodeWire: the buffers as they are, of the
// rows that count; constants stay constants.
//
// Start reading at vector.go.
package vector
