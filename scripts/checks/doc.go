// Package checks holds the rules of this repository that the compiler does not know, as tests: which room may import which,
// what a program that imports only client/datastream links, what stands at the top, how packages are named and documented.
//
// They read the tree and ask the go command; they change nothing. Start reading at rooms_test.go.
package checks
