package taskmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
)

const (
	// keepJobLogs is of how many jobs logs are kept.
	keepJobLogs = 50
	// maxLogReply is the most bytes of one answer, maxLogReads the most requests that wait at a time.
	maxLogReply, maxLogReads = 256 << 10, 64
)

// logs is the captured output of jobs. Safe for concurrent use.
type logs struct {
	dir  string
	flat bool // JOB-NAME, which those who collect the files of dir may read; else JOB/NAME
	own  map[string]string
	log  *slog.Logger

	mu      sync.Mutex
	jobs    []string // in the order of their beginning
	files   map[string]map[string]*logFile
	reading int
}

func newLogs(opt Options) *logs {
	l := &logs{dir: filepath.Join(opt.Dir, "logs"), own: opt.LogFiles, log: opt.Logger, files: map[string]map[string]*logFile{}}
	if opt.OutputDir != "" {
		l.dir, l.flat = opt.OutputDir, true
	}
	return l
}

// open returns the log of a job; a later worker of the job goes on with the same.
func (l *logs) open(job, name string) *logFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files[job] == nil {
		l.files[job] = map[string]*logFile{}
		if l.jobs = append(l.jobs, job); len(l.jobs) > keepJobLogs {
			l.remove(l.jobs[0])
			l.jobs = l.jobs[1:]
		}
	}
	f := l.files[job][name]
	if f == nil {
		f = &logFile{path: filepath.Join(l.dir, job, name), max: maxLogFile, mode: 0o600, log: l.log, changed: make(chan struct{})}
		if l.flat {
			f.path, f.mode = filepath.Join(l.dir, job+"-"+name), 0o640
		}
		l.files[job][name] = f
	}
	return f
}

func (l *logs) remove(job string) {
	for _, f := range l.files[job] {
		f.close()
		for _, path := range []string{f.path, f.olderPath()} {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				l.log.Warn("old logs were not removed", "job", job, "error", err)
			}
		}
	}
	delete(l.files, job)
	if !l.flat {
		_ = os.Remove(filepath.Join(l.dir, job)) // it is empty, or something was told
	}
}

func (l *logs) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, files := range l.files {
		for _, f := range files {
			f.close()
		}
	}
}

// tail returns the last n bytes of a job's log.
func (l *logs) tail(job, name string, n int) string {
	l.mu.Lock()
	f := l.files[job][name]
	l.mu.Unlock()
	if f == nil {
		return ""
	}
	b, _, _ := f.read(-int64(n), n) // what cannot be read is not shown
	return string(b)
}

// list names the logs of a job, or the TaskManager's own.
func (l *logs) list(job string) (all []*rpc.LogFile) {
	if job == "" {
		for _, name := range slices.Sorted(maps.Keys(l.own)) {
			if info, err := os.Stat(l.own[name]); err == nil {
				all = append(all, &rpc.LogFile{Name: name, Size: info.Size()})
			}
		}
		return all
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(l.files[job])) {
		all = append(all, &rpc.LogFile{Name: name, Size: l.files[job][name].end()})
	}
	return all
}

// find returns the log that a request names. Only names that are known lead to files.
func (l *logs) find(r *rpc.LogRequest) (reader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Job == "" {
		if path, ok := l.own[r.Name]; ok {
			return plainFile(path), nil
		}
	} else if f := l.files[r.Job][r.Name]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("there is no log %q of job %q at this TaskManager", r.Name, r.Job)
}

// reader is a log that can be read by offset.
type reader interface {
	// read returns at most n bytes from offset on, negative from the end, and where they begin.
	read(offset int64, n int) (b []byte, at int64, err error)
	// more is closed when the log has grown; nil if that is not known.
	more() <-chan struct{}
}

type plainFile string

func (p plainFile) more() <-chan struct{} { return nil }

func (p plainFile) read(offset int64, n int) ([]byte, int64, error) {
	f, err := os.Open(string(p))
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	if offset < 0 {
		info, err := f.Stat()
		if err != nil {
			return nil, 0, err
		}
		offset = max(0, info.Size()+offset)
	}
	b, err := readAt(f, offset, n)
	return b, offset, err
}

func readAt(f io.ReaderAt, offset int64, n int) ([]byte, error) {
	b := make([]byte, n)
	k, err := f.ReadAt(b, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:k], err
}

// readLog answers a request when there is something to answer, or its wait is over.
func (t *TaskManager) readLog(s *session, r *rpc.LogRequest) {
	answer := func(a *rpc.LogReply) {
		a.Request = r.Request
		if t.session == s {
			t.news.logs = append(t.news.logs, a)
			t.flush()
		}
	}
	switch {
	case r.Name == "":
		answer(&rpc.LogReply{Files: t.logs.list(r.Job)})
		return
	case strings.HasPrefix(r.Name, worker.CollectedPrefix):
		if w := t.workers[r.Job]; w != nil {
			r.Limit = min(max(r.Limit, 1), maxLogReply)
			w.send(&rpc.ToWorker{Message: &rpc.ToWorker_Read{Read: r}})
		} else {
			answer(&rpc.LogReply{Offset: r.Offset})
		}
		return
	case t.logs.reading >= maxLogReads:
		answer(&rpc.LogReply{Error: "too many logs are being read at this TaskManager: try again"})
		return
	}
	t.logs.reading++
	t.group.Go(func() {
		a := t.logPiece(r)
		t.post(func() {
			t.logs.reading--
			answer(a)
		})
	})
}

// answered passes on what a worker has answered. A leader that has not asked ignores it.
func (t *TaskManager) answered(a *rpc.LogReply) {
	t.news.logs = append(t.news.logs, a)
	t.flush()
}

func (t *TaskManager) logPiece(r *rpc.LogRequest) *rpc.LogReply {
	f, err := t.logs.find(r)
	if err != nil {
		return &rpc.LogReply{Error: err.Error()}
	}
	n := int(min(max(r.Limit, 1), maxLogReply))
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	defer t.clock.AfterFunc(time.Duration(r.WaitMillis)*time.Millisecond, cancel)()
	for {
		more := f.more()
		b, at, err := f.read(r.Offset, n)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // nothing was printed
		}
		if err != nil {
			return &rpc.LogReply{Error: err.Error()}
		}
		if len(b) > 0 || r.WaitMillis <= 0 || ctx.Err() != nil || more == nil {
			return &rpc.LogReply{Offset: at, Data: b, Complete: len(b) < n && t.written(r.Job)}
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

// written tells whether no worker of the job can print any more.
func (t *TaskManager) written(job string) (yes bool) {
	t.call(func() { yes = job != "" && t.workers[job] == nil })
	return yes
}
