// Package examples holds small complete programs, each in a folder of its own with a test: wordcount, frauddetection (a
// keyed process function with a timer), pageviews (event-time windows and late data), kafkaviews (windows from one topic of
// Kafka into another, or into files on HDFS), sessions (session windows), pagerank (a bulk iteration) and connectedcomponents (a
// delta iteration); the latter two read graphs by graphdata.
package examples
