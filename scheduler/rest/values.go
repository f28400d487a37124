package rest

import (
	"fmt"
	"io"
	"net/http"
)

// valueLimit is the largest value of an application in bytes.
const valueLimit = 16 << 20

func (s *Server) applicationValue(r *http.Request) (any, error) {
	value, err := s.opt.JobManager.ApplicationValue(r.Context(), r.PathValue("application"), r.PathValue("name"))
	return bytesOf(value), err
}

func (s *Server) storeApplicationValue(r *http.Request) (any, error) {
	value, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, valueLimit))
	if err != nil {
		return nil, fmt.Errorf("reading a value of an application: %w", err)
	}
	value, err = s.opt.JobManager.StoreApplicationValue(r.Context(), r.PathValue("application"), r.PathValue("name"), value)
	return bytesOf(value), err
}

func bytesOf(value []byte) stream {
	return stream{"application/octet-stream", func(w http.ResponseWriter) error {
		_, err := w.Write(value)
		return err
	}}
}
