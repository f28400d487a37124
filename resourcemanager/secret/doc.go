// Package secret is the cluster's own secret: who has it belongs to the cluster and may run code on it.
//
// It lives in a file that only its owner can read and is shipped to workers by their Provider; it never stands in an argument,
// a variable or a log. Servers compare it in constant time. What listens beyond the loopback interface needs it: see Guard.
//
// Start reading at Load.
package secret
