package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/jobmanager/program"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/leatproject/leat/storage/filesystem"
)

// httpError is an error with its status.
type httpError struct {
	status int
	err    error
}

func (e *httpError) Error() string { return e.err.Error() }
func (e *httpError) Unwrap() error { return e.err }

func failure(status int, format string, args ...any) error {
	return &httpError{status, fmt.Errorf(format, args...)}
}

func notFound(format string, args ...any) error { return failure(http.StatusNotFound, format, args...) }

func badRequest(format string, args ...any) error {
	return failure(http.StatusBadRequest, format, args...)
}

// statusOf is the status that an error is answered with.
func statusOf(err error) int {
	var known *httpError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known.status
	case errors.As(err, &large), errors.Is(err, blob.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, jobmanager.ErrNotFound), errors.Is(err, blob.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, jobmanager.ErrRefused):
		return http.StatusConflict
	case errors.Is(err, jobmanager.ErrInvalid), errors.Is(err, blob.ErrMismatch), errors.Is(err, program.ErrNotRunnable):
		return http.StatusBadRequest
	case errors.Is(err, jobmanager.ErrNotLeader), errors.Is(err, jobmanager.ErrStopped):
		return http.StatusServiceUnavailable
	case errors.Is(err, filesystem.ErrNoSpace):
		return http.StatusInsufficientStorage
	}
	return http.StatusInternalServerError
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	status := statusOf(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	reply(w, status, messages.Errors{Errors: strings.Split(err.Error(), "\n")})
}

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, body any) {
	var encoded bytes.Buffer
	e := json.NewEncoder(&encoded)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		status = http.StatusInternalServerError
		encoded.Reset()
		encoded.WriteString(`{"errors":["the answer could not be encoded"]}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(encoded.Bytes()) // a client that has gone needs no answer
}
