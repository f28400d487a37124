// Package wire is the language of the data plane: what tasks in different processes say to each other, as bytes.
//
// A connection begins with a preamble (Offer, Admit): who speaks, for which job, under which generation and term, and a
// proof by challenge and response that both ends know the job's token, which itself is never sent. TLS may follow, bound to the
// preamble by Protocol. Then both ends send frames: a Header of fixed size and a body. Batches travel as one frame for
// each, control elements in order with them; credit, opening and closing of channels and failures have frames of their own.
// Blocking outputs are files of the same frames.
//
// Promises: decoding is bounds-checked; corrupt input is an error that wraps ErrCorrupt, never a panic and never an
// allocation out of proportion to the bytes that have come. Header and body have separate checksums (xxh3), so a frame can be sent on
// under another channel without touching its body. The preamble carries Version: data planes of different versions
// refuse each other.
//
// Start reading at header.go; frame.go has the bodies, preamble.go the beginning of a connection.
package wire
