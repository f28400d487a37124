package rest

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// piece is how much of a log is asked of a TaskManager at once, in bytes.
const piece = 256 << 10

const plainText = "text/plain; charset=UTF-8"

// fileName is the path's file. It is only ever a name, never a path.
func fileName(r *http.Request) (string, error) {
	name := r.PathValue("file")
	if name == "" || strings.ContainsAny(name, "/\\\x00") || name == "." || name == ".." {
		return "", badRequest("%q is no name of a log file", name)
	}
	return name, nil
}

func (s *Server) taskManagerLogs(r *http.Request) (any, error) {
	reply, err := s.opt.JobManager.Log(r.Context(), r.PathValue("taskmanager"), &rpc.LogRequest{})
	if err != nil {
		return nil, err
	}
	files := messages.LogFiles{Logs: []messages.LogFile{}}
	for _, f := range reply.GetFiles() {
		files.Logs = append(files.Logs, messages.LogFile{Name: f.GetName(), Size: f.GetSize(), MTime: -1})
	}
	return files, nil
}

func (s *Server) taskManagerLogFile(r *http.Request) (any, error) {
	name, err := fileName(r)
	if err != nil {
		return nil, err
	}
	return s.remoteLog(r, name)
}

func (s *Server) taskManagerLog(r *http.Request) (any, error) {
	return s.remoteLog(r, "taskmanager.log")
}

func (s *Server) taskManagerStdout(r *http.Request) (any, error) { return s.remoteLog(r, "stdout") }

// remoteLog copies a log from its TaskManager.
func (s *Server) remoteLog(r *http.Request, name string) (any, error) {
	resource, ctx := r.PathValue("taskmanager"), r.Context()
	ask := &rpc.LogRequest{Name: name, Limit: piece}
	reply, err := s.opt.JobManager.Log(ctx, resource, ask)
	if err != nil {
		return nil, err
	}
	return stream{plainText, func(w http.ResponseWriter) error {
		for len(reply.GetData()) > 0 {
			if _, err := w.Write(reply.GetData()); err != nil || reply.GetComplete() {
				return err
			}
			next := reply.GetOffset() + int64(len(reply.GetData()))
			if reply, err = s.opt.JobManager.Log(ctx, resource, &rpc.LogRequest{Name: name, Limit: piece, Offset: next}); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// longestWait is how long GET /jobs/:id/output may wait for more, in milliseconds.
const longestWait = 30_000

// jobOutput reads what a job's workers have written, one piece of each that the request asks for; with a limit of 0 it only says
// who has output.
func (s *Server) jobOutput(r *http.Request) (any, error) {
	id, err := id(r)
	if err != nil {
		return nil, err
	}
	if err := s.withJob(r, func(*job.State, *job.Job) error { return nil }); err != nil {
		return nil, err
	}
	q := r.URL.Query()
	name := q.Get("name")
	if name == "" {
		name = "stdout"
	}
	collects := strings.HasPrefix(name, worker.CollectedPrefix)
	if name != "stdout" && name != "stderr" && !collects {
		return nil, badRequest("name %q: a job writes stdout and stderr", name)
	}
	offset, err := whole(q.Get("offset"))
	if err != nil {
		return nil, err
	}
	wait, err := whole(q.Get("wait"))
	if err != nil {
		return nil, err
	}
	limit := int64(piece)
	if text := q.Get("limit"); text != "" {
		if limit, err = whole(text); err != nil {
			return nil, err
		}
		limit = min(max(limit, 0), piece)
	}
	hosts := s.opt.JobManager.HostsOf(id)
	if collects {
		hosts = s.collecting(id, name)
	}
	if only := q.Get("taskmanager"); only == driverPart {
		hosts = nil
	} else if only != "" {
		hosts = []string{only}
	}
	out := messages.Output{Parts: []messages.OutputPart{}}
	if printed, ok := s.driverOutput(id, name, q.Get("taskmanager"), offset, limit); ok {
		out.Parts = append(out.Parts, printed)
	}
	for _, resource := range hosts {
		part := messages.OutputPart{TaskManagerID: resource, Offset: offset, Next: offset, Data: []byte{}}
		if limit == 0 {
			out.Parts = append(out.Parts, part)
			continue
		}
		reply, err := s.opt.JobManager.Log(r.Context(), resource, &rpc.LogRequest{Job: string(id), Name: name, Offset: offset, Limit: int32(limit),
			WaitMillis: min(wait, longestWait)})
		if err != nil {
			part.Error = err.Error()
		} else {
			part.Offset, part.Complete = reply.GetOffset(), reply.GetComplete()
			part.Data = append(part.Data, reply.GetData()...)
			part.Next = part.Offset + int64(len(part.Data))
		}
		out.Parts = append(out.Parts, part)
	}
	return out, nil
}

// driverPart stands for a TaskManager's name in the output of the job's driver.
const driverPart = "driver"

// driverOutput is what the driver of a job's application has printed, if it has run beside this JobManager.
func (s *Server) driverOutput(id job.ID, name, only string, offset, limit int64) (part messages.OutputPart, ok bool) {
	application := ""
	s.opt.JobManager.View(func(st *job.State) {
		if j, known := st.Job(id); known {
			if _, known = st.Application(j.Application); known {
				application = j.Application
			}
		}
	})
	if application == "" || only != "" && only != driverPart || s.opt.Drivers == nil {
		return part, false
	}
	data, ok, err := s.opt.Drivers.Output(application, name, offset, int(limit))
	part = messages.OutputPart{TaskManagerID: driverPart, Offset: offset, Next: offset + int64(len(data)), Data: append([]byte{}, data...)}
	if err != nil {
		part.Error = err.Error()
	}
	return part, ok
}

// collecting is where the sub-task of a Collect runs, if it does.
func (s *Server) collecting(id job.ID, name string) (resources []string) {
	s.opt.JobManager.View(func(st *job.State) {
		j, ok := st.Job(id)
		if !ok {
			return
		}
		for v := range j.Vertices {
			if worker.CollectedPrefix+strconv.Itoa(j.Plan.Vertices[v].Collects) != name || len(j.Vertices[v].Subtasks) == 0 {
				continue
			}
			if t, ok := st.TaskManager(j.Vertices[v].Subtasks[0].TM); ok {
				resources = append(resources, t.Resource)
			}
		}
	})
	return resources
}

func whole(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, badRequest("%q is no whole number", text)
	}
	return n, nil
}

func (s *Server) jobManagerLogs(*http.Request) (any, error) {
	files := messages.LogFiles{Logs: []messages.LogFile{}}
	for _, name := range slices.Sorted(maps.Keys(s.opt.LogFiles)) {
		if info, err := os.Stat(s.opt.LogFiles[name]); err == nil {
			files.Logs = append(files.Logs, messages.LogFile{Name: name, Size: info.Size(), MTime: info.ModTime().UnixMilli()})
		}
	}
	return files, nil
}

func (s *Server) jobManagerLogFile(r *http.Request) (any, error) {
	name, err := fileName(r)
	if err != nil {
		return nil, err
	}
	return s.ownLog(name)
}

func (s *Server) jobManagerStdout(*http.Request) (any, error) { return s.ownLog("stdout") }

func (s *Server) jobManagerLog(*http.Request) (any, error) { return s.ownLog("jobmanager.log") }

// ownLog reads one of the files that the server was told of.
func (s *Server) ownLog(name string) (any, error) {
	path, ok := s.opt.LogFiles[name]
	if !ok {
		return nil, notFound("the JobManager has no log %q: it may write to standard error", name)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound("log %s is not there any more", name)
	}
	if err != nil {
		return nil, err
	}
	return stream{plainText, func(w http.ResponseWriter) error {
		_, err := io.Copy(w, f)
		return errors.Join(err, f.Close())
	}}, nil
}
