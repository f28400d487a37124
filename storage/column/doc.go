// Package column is the bottom of the engine: the batch that operators pass on, and the codec that makes bytes of a batch's rows
// where it leaves the process or goes into state.
//
// A Batch holds typed rows with their event times and key hashes. Operators of one chain hand it on as it is; it is turned into
// bytes at exchanges, in spill files and in state, always by a Codec:
//
//   - AppendBatch and DecodeBatch: a block of columns, one buffer for each leaf field, checked while it is read: corrupt input is
//     an error that wraps ErrCorrupt, never a panic and never an allocation out of proportion to the input.
//   - AppendRow and DecodeRow: one value in canonical form, equal values have equal bytes, so it is a key.
//
// CodecOf looks at a Go type once, by reflection, and keeps a tree of coders that read and write fields through their offsets;
// maps are the only values that are still walked by reflection. It accepts bools, integers, floats, complex numbers, strings, byte
// slices, slices, arrays, maps, pointers (nil is kept, sharing is not), structs whose fields are exported, embedded structs,
// time.Time (see instant), time.Duration and named forms of all these. The tag leat:"name" renames a field in the schema, leat:"-"
// leaves it out. It refuses functions, channels, interfaces, unsafe pointers, unexported fields and types that contain themselves,
// unless the type has a codec given to RegisterCodec, or implements encoding.BinaryMarshaler or TextMarshaler and the opposite.
//
// A Batch can hold the columns of package vector instead (OfVectors, Vectors), whose types are known when the job is made and not
// when it is compiled: what SQL runs on. Exchanges, pools and spill files do not see the difference; the wire form is the columns' own.
//
// Hasher gives the hash of keys, stable across processes and platforms; key groups, partitions and tables all use it.
//
// A Schema is stored beside what outlives the program: DecodeValues reads blocks by it alone, and Evolve makes blocks of the schema
// that a later version of the program has.
//
// Start reading at codec.go, then coder.go for how columns are addressed and plan.go for how a type becomes coders.
package column
