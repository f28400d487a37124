// Package client holds what people write programs with: datastream, the typed API, and status, the reports of a running
// program to the command that started it. Nothing below it imports it. It plans and hands over; it executes nothing.
//
// Start reading at client/datastream.
package client
