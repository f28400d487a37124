package driver

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// outputs is what drivers print, in a folder for each application. Attempts append to it.
type outputs struct{ dir string }

const (
	// keepOutputs is of how many applications the output is kept.
	keepOutputs = 50
	// mostPrinted is how much of each stream is kept, in bytes; what comes then is dropped.
	mostPrinted = 64 << 20
)

func (o outputs) open(application string) (stdout, stderr io.Writer, done func(), err error) {
	o.evict()
	folder := filepath.Join(o.dir, application)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, nil, nil, fmt.Errorf("keeping what a driver prints: %w (cluster.state-dir)", err)
	}
	var files []*os.File
	for _, name := range []string{"stdout", "stderr"} {
		f, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("keeping what a driver prints: %w (cluster.state-dir)", err)
		}
		files = append(files, f)
	}
	return limited(files[0]), limited(files[1]), func() {
		for _, f := range files {
			f.Close()
		}
	}, nil
}

// limited writes to a file until it is large.
func limited(f *os.File) io.Writer {
	left := int64(mostPrinted)
	if info, err := f.Stat(); err == nil {
		left -= info.Size()
	}
	return &limit{f, left}
}

type limit struct {
	io.Writer
	left int64
}

func (l *limit) Write(p []byte) (int, error) {
	n := max(0, min(int64(len(p)), l.left))
	l.left -= n
	if _, err := l.Writer.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (o outputs) remove(application string) { os.RemoveAll(filepath.Join(o.dir, application)) }

// evict removes the output of all but the latest applications.
func (o outputs) evict() {
	all, _ := os.ReadDir(o.dir) // without a listing nothing is removed
	age := func(e fs.DirEntry) int64 {
		if info, err := e.Info(); err == nil {
			return info.ModTime().UnixNano()
		}
		return 0
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return cmp.Compare(age(b), age(a)) })
	for i := keepOutputs; i < len(all); i++ {
		o.remove(all[i].Name())
	}
}

// Output returns what the driver of an application has printed to stdout or stderr from an offset on, at most limit bytes; false
// if it has not run here.
func (l *Launcher) Output(application, name string, offset int64, limit int) (data []byte, ok bool, err error) {
	f, err := os.Open(filepath.Join(l.outputs.dir, filepath.Base(application), filepath.Base(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	data = make([]byte, limit)
	n, err := f.ReadAt(data, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n], true, err
}

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// mostOutput is how much of a driver's output is kept for its outcome, in bytes.
const mostOutput = 2 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if n := len(t.text) - mostOutput; n > 0 {
		t.text = slices.Clone(t.text[n:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
