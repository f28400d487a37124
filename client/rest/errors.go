package rest

import (
	"net/http"
	"strings"
)

// The errors of this package have a method ExitCode: what a command that ends by one of them ends with.
var (
	// ErrUnreachable says that no member of the cluster answered.
	ErrUnreachable error = &failure{"the cluster cannot be reached", 3}
	// ErrRefused says that server and client do not agree on TLS, or on a certificate.
	ErrRefused error = &failure{"the cluster and this client do not trust each other", 4}
)

type failure struct {
	text string
	code int
}

// Error implements error.
func (f *failure) Error() string { return f.text }

// ExitCode is the exit code that the failure asks for.
func (f *failure) ExitCode() int { return f.code }

// Error is an answer that is no success.
type Error struct {
	Status   int // of HTTP
	Messages []string
}

// Error implements error.
func (e *Error) Error() string { return strings.Join(e.Messages, "\n") }

// ExitCode is 2 for what the client got wrong, 4 for what is refused, 3 while nobody leads, else 1.
func (e *Error) ExitCode() int {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusConflict:
		return 4
	case http.StatusBadRequest, http.StatusNotFound:
		return 2
	case http.StatusServiceUnavailable:
		return 3
	}
	return 1
}
