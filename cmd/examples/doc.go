// Package examples holds small complete programs, each in a folder of its own with a test: wordcount, frauddetection (a
// keyed process function with a timer), pageviews (event-time windows and late data), sessions (session windows), pagerank (a bulk iteration) and
// connectedcomponents (a delta iteration); the latter two read graphs by graphdata.
package examples
