package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// Drivers runs the main() of programs in processes of the cluster.
type Drivers interface {
	// Run starts a program and returns when it has submitted its first job, with its id, or has ended without one.
	Run(ctx context.Context, d Driver) (jobID string, err error)
	// Plan runs a program up to its first Execute and returns the plan of that.
	Plan(ctx context.Context, d Driver) (json.RawMessage, error)
	// Output returns what the driver of an application has printed to stdout or stderr from an offset on, at most limit bytes;
	// false if it has not run on this machine.
	Output(application, name string, offset int64, limit int) (data []byte, ok bool, err error)
}

// Driver is a program that is to be run. Its configuration is laid over the cluster's.
type Driver struct {
	Path          string
	Args          []string
	Configuration map[string]string
}

// jarQuery are the parameters of run and plan.
var jarQuery = []string{"programArg", "program-args", "parallelism", "entry-class", "allowNonRestoredState", "savepointPath"}

func (s *Server) jars(r *http.Request) (any, error) {
	all, err := s.uploads.all()
	if err != nil {
		return nil, err
	}
	x := messages.Jars{Address: s.opt.JobManager.Member().REST, Files: []messages.Jar{}}
	for _, u := range all {
		x.Files = append(x.Files, messages.Jar{ID: u.id, Name: u.name, Uploaded: u.modified, Entry: []messages.JarEntry{{Name: "main"}}})
	}
	return x, nil
}

func (s *Server) uploadJar(r *http.Request) (any, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, s.opt.UploadLimit+64<<10)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, badRequest("an upload is multipart/form-data with one file: %w", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, badRequest("the upload has no file: send it as the part jarfile")
		}
		if err != nil {
			return nil, badRequest("reading the upload: %w", err)
		}
		if part.FileName() == "" {
			continue
		}
		u, err := s.uploads.add(part.FileName(), part, s.opt.UploadLimit, runnable(runtime.GOOS, runtime.GOARCH))
		if err != nil {
			return nil, err
		}
		return messages.JarUploaded{Filename: "/" + u.id, Status: "success"}, nil
	}
}

func (s *Server) deleteJar(r *http.Request) (any, error) {
	return struct{}{}, s.uploads.remove(r.PathValue("jar"))
}

// driver is the program that a request names, with what its query and body say.
func (s *Server) driver(r *http.Request) (Driver, error) {
	var m messages.JarRun
	if err := decode(r, &m); err != nil {
		return Driver{}, err
	}
	q := r.URL.Query()
	if text := q.Get("parallelism"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return Driver{}, badRequest("parallelism %q: it takes a number above 0", text)
		}
		m.Parallelism = n
	}
	switch {
	case q.Has("programArg"):
		m.ProgramArgsList = nil
		for _, text := range q["programArg"] {
			m.ProgramArgsList = append(m.ProgramArgsList, strings.Split(text, ",")...)
		}
	case q.Has("program-args"):
		m.ProgramArgsList = strings.Fields(q.Get("program-args"))
	case len(m.ProgramArgsList) == 0:
		m.ProgramArgsList = strings.Fields(m.ProgramArgs)
	}
	d := Driver{Args: m.ProgramArgsList, Configuration: m.FlinkConfiguration}
	if d.Configuration == nil {
		d.Configuration = map[string]string{}
	}
	if m.Parallelism != 0 {
		d.Configuration[config.DefaultParallelism.Key] = strconv.Itoa(m.Parallelism)
	}
	for key, value := range map[string]string{config.RestorePath.Key: cmp.Or(q.Get("savepointPath"), m.SavepointPath),
		config.AllowNonRestoredState.Key: q.Get("allowNonRestoredState"), config.RestoreClaimMode.Key: m.ClaimMode} {
		if value != "" {
			d.Configuration[key] = value
		}
	}
	if m.AllowNonRestoredState {
		d.Configuration[config.AllowNonRestoredState.Key] = "true"
	}
	conf := config.New()
	for key, value := range d.Configuration {
		if err := conf.SetFrom("flinkConfiguration", key, value); err != nil {
			return Driver{}, badRequest("%w", err)
		}
	}
	u, err := s.uploads.get(r.PathValue("jar"))
	d.Path = u.path
	return d, err
}

func (s *Server) runJar(r *http.Request) (any, error) {
	d, err := s.driver(r)
	if err != nil {
		return nil, err
	}
	id, err := s.opt.Drivers.Run(r.Context(), d)
	return messages.JarStarted{JobID: id}, err
}

func (s *Server) planJar(r *http.Request) (any, error) {
	d, err := s.driver(r)
	if err != nil {
		return nil, err
	}
	plan, err := s.opt.Drivers.Plan(r.Context(), d)
	return messages.Plan{Plan: plan}, err
}
