// Package avro reads and writes Avro object container files (Avro 1.12) in vectors.
//
// Open reads the header of a file: its schema and codec. A reader decodes the fields of a record in their order, those that are wanted
// into vectors, and skips the others. The codecs are null, deflate, snappy, zstandard and, for reading, bzip2.
//
// A nullable column is the union of null and its type. TIMESTAMP is local-timestamp-millis, -micros or -nanos, TIMESTAMP_LTZ
// timestamp-millis and so on; either is read as the other, in UTC, since older writers know only the latter. What a file says is not
// believed: corrupt input is an error (ErrCorrupt) that names file and block, never a panic.
//
// A record is a ROW, an array an ARRAY, a map a MAP with keys STRING NOT NULL, or a MULTISET if its column is declared so: how often each is
// there. Records that have themselves as a part and unions of several types cannot be read.
//
// A file can be read in ranges (File.Range): a block belongs to the one in which the marker before it begins.
//
// Start reading at file.go, then reader.go.
package avro
