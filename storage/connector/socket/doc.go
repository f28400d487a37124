// Package socket reads records from a TCP connection and writes records to one.
//
// A source has one split and nothing to go back to: what was read before a failure is not read again. Each record is handed
// on as soon as it is there. A sink writes each batch at once; after a lost connection it sends the batch again, so records
// may arrive twice. Both reconnect as often as Reconnect says.
//
// Start reading at NewSource and NewSink.
package socket
