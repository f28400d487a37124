package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// bodyLimit is the largest body in bytes that is read into memory.
const bodyLimit = 64 << 20

// decode reads a JSON body; an empty one leaves into as it is.
func decode(r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyLimit))
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return badRequest("the request's body is not what %s takes: %w", r.URL.Path, err)
	}
	return nil
}

func (s *Server) submit(r *http.Request) (any, error) {
	var n messages.NewJob
	if err := decode(r, &n); err != nil {
		return nil, err
	}
	id, err := s.opt.JobManager.Submit(r.Context(), jobmanager.NewJob{ID: job.ID(n.JobID), Application: n.Application, Execute: n.Execute,
		Program: job.Digest(n.Program), Submission: n.Submission})
	if err != nil {
		return nil, err
	}
	return messages.JobSubmitted{JobURL: "/jobs/" + string(id), JobID: string(id)}, nil
}

func (s *Server) hasBlob(r *http.Request) (any, error) {
	size, err := s.opt.JobManager.Blobs().Size(r.Context(), r.PathValue("digest"))
	if err != nil {
		return nil, err
	}
	return stream{"application/octet-stream", func(w http.ResponseWriter) error {
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		return nil
	}}, nil
}

func (s *Server) getBlob(r *http.Request) (any, error) {
	f, err := s.opt.JobManager.Blobs().Get(r.Context(), r.PathValue("digest"))
	if err != nil {
		return nil, err
	}
	return stream{"application/octet-stream", func(w http.ResponseWriter) error {
		http.ServeContent(w, r, "", time.Time{}, f)
		return f.Close()
	}}, nil
}

func (s *Server) putBlob(r *http.Request) (any, error) {
	_, _, err := s.opt.JobManager.Blobs().Put(r.Context(), http.MaxBytesReader(nil, r.Body, s.opt.UploadLimit), r.PathValue("digest"))
	return struct{}{}, err
}
