// Package graph holds what a program asks for as plain, versioned data.
//
// A StreamGraph is what the program wrote: a node per operator, an edge per input. Chain turns it into a JobGraph: nodes
// that are joined by forward edges of equal parallelism share a Vertex, and so a task. Neither holds code: operators and
// partitioners are looked up by node and edge in what main() built (client/datastream), which runs again wherever the job
// does; Fingerprint tells whether it built the same.
//
// Start reading at Node, then Chain.
package graph
