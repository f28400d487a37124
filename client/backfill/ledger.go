package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
)

// State is what is known of a run.
type State string

// The states of runs. One that has Started and has no other file was broken off, or goes on.
const (
	Started   State = "started"
	Succeeded State = "succeeded"
	Failed    State = "failed"
)

// Record is one run of an interval, as the ledger keeps it.
type Record struct {
	Interval Interval  `json:"-"`
	Attempt  int       `json:"attempt"` // from 1 on
	State    State     `json:"state"`
	Start    time.Time `json:"start"` // of the interval
	End      time.Time `json:"end"`
	Command  []string  `json:"command"`
	Host     string    `json:"host"`
	PID      int       `json:"pid"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended,omitzero"`
	Code     int       `json:"code"` // exit code
	Message  string    `json:"message,omitempty"`
	Log      string    `json:"log,omitempty"`
}

// Ledger is the memory of a backfill: a folder with a file for the beginning and one for the end of each run. Files are created
// and never changed, so of two processes only one begins a run. It is safe for concurrent use.
type Ledger struct {
	fs    filesystem.FileSystem
	dir   string
	local bool
}

// name is what backfills may be called.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Open finds the ledger of the backfill of that name within a folder on any file system. It is made with its first run.
func Open(ctx context.Context, folder, backfill string) (*Ledger, error) {
	if !name.MatchString(backfill) {
		return nil, fmt.Errorf("%q cannot be the name of a backfill: use letters, digits, dots, dashes and underscores", backfill)
	}
	fs, within, err := filesystem.For(ctx, folder)
	if err != nil {
		return nil, err
	}
	root, _, err := filesystem.Split(folder)
	if err != nil {
		return nil, err
	}
	return &Ledger{fs: fs, dir: path.Join(within, backfill), local: root.Scheme == "file"}, nil
}

func (l *Ledger) runs() string { return path.Join(l.dir, "runs") }

func (r *Record) file() string {
	return r.Interval.Key() + "." + strconv.Itoa(r.Attempt) + "." + string(r.State)
}

// Latest are the latest runs of each interval, by its key. What only their files' content says is not in them.
func (l *Ledger) Latest(ctx context.Context) (map[string]Record, error) {
	entries, err := l.fs.List(ctx, l.runs())
	if err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return nil, fmt.Errorf("reading the ledger of the backfill: %w", err)
	}
	latest := map[string]Record{}
	for _, e := range entries {
		fields := strings.Split(e.Name(), ".")
		if len(fields) != 3 || filesystem.Hidden(e.Name()) {
			continue
		}
		i, ok := parseKey(fields[0])
		attempt, err := strconv.Atoi(fields[1])
		if !ok || err != nil {
			continue
		}
		r := Record{Interval: i, Attempt: attempt, State: State(fields[2])}
		if before, ok := latest[fields[0]]; !ok || before.Attempt < attempt || before.Attempt == attempt && before.State == Started {
			latest[fields[0]] = r
		}
	}
	return latest, nil
}

// Write adds a record. ErrExist if it is there: another process has begun that run.
func (l *Ledger) Write(ctx context.Context, r Record) error {
	r.Start, r.End = r.Interval.Start, r.Interval.End
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return l.create(ctx, path.Join(l.runs(), r.file()), append(content, '\n'))
}

func (l *Ledger) create(ctx context.Context, file string, content []byte) error {
	w, err := filesystem.CreateAtomic(ctx, l.fs, file)
	if err != nil {
		return fmt.Errorf("writing to the ledger of the backfill: %w", err)
	}
	defer w.Abort() //nolint:errcheck // nothing after Close; before it, the first failure counts
	if _, err := w.Write(content); err != nil {
		return fmt.Errorf("writing to the ledger of the backfill: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("writing to the ledger of the backfill: %w", err)
	}
	return nil
}
