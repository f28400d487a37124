// Package examples holds small complete programs, each in a folder of its own with a test: wordcount, frauddetection (a
// keyed process function with a timer), pageviews (event-time windows and late data) and sessions (session windows).
package examples
