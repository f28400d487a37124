// Package statetest holds the tests that every state.Backend passes, and a backend that fails on purpose.
package statetest
