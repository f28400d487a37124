// Package fstest is the test suite that every filesystem.FileSystem passes: it checks the promises that the interface
// documents, in a fresh directory for each test. Call Run from a test of the implementation.
package fstest
