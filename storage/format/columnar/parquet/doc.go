// Package parquet reads and writes Parquet files in vectors.
//
// Open reads the footer: schema, row groups, statistics. A Reader reads the wanted columns of some row groups, page by page: levels
// become validity, values go straight into the vector where memory and file agree and through a conversion where they do not. The
// entries of a dictionary are converted once and then gathered. Encodings are PLAIN, dictionary, DELTA_BINARY_PACKED,
// DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT and RLE; codecs snappy, gzip, zstd, lz4 and lz4_raw.
//
// What a file says is not believed: every length is checked before it is used, so that a corrupt file is an error with file, column
// and place (ErrCorrupt), never a panic.
//
// A Writer writes dictionaries where they pay, data pages of version 1, statistics of row groups and the page index. A reader that is given
// the rows that are wanted (NewPrunedReader) reads only the pages that have some; Pages tells which can.
//
// ARRAY, MAP, MULTISET (a map) and ROW are made of the leaves below them: of each its levels are read for a batch of rows, and where values
// and elements are follows from the levels (nested.go); a Writer does the opposite (shred.go). Lists are read in two and three levels, as any
// writer has them, and of a ROW only the fields that are wanted.
//
// Start reading at file.go, then chunk.go for the way from pages to vectors, nested.go for that of nested columns.
package parquet
