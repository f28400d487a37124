// Package finished holds tests of jobs a part of which has finished when they fail.
package finished
