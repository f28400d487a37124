// Package format turns bytes into rows and rows into bytes: text lines, CSV (RFC 4180) and JSON lines.
//
// A StreamFormat makes a Reader for one file, or for one range of it, that appends rows to a slice; an Encoder appends the
// bytes of rows. Text, CSV and JSON are both. CSV and JSON bind the columns or names to the fields of a Go struct once, when
// they are made, and refuse a type that does not fit, naming the field; no record is looked at by reflection after that.
//
// Promises: a record belongs to the range in which it begins; Reader.Offset is where the next record begins, and a new reader
// that starts there goes on exactly. Input memory is never reused: strings of rows are views of it where they can be, and
// stay valid for ever, so a string that is kept long after its neighbours should be cloned. A record that cannot be read is a
// RecordError (file, line, byte offset, column, cause), and Input.Malformed decides whether reading goes on.
//
// Start reading at StreamFormat, then window, the sliding view of the input on which all three readers work.
package format
