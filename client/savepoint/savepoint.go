package savepoint

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
)

// Savepoint is a checkpoint or savepoint.
type Savepoint struct {
	// Path is where it lies.
	Path string `json:"path"`
	// JobID and JobName are of the job that has written it, as its checkpoint number CheckpointID.
	JobID        string    `json:"job-id"`
	JobName      string    `json:"job-name"`
	CheckpointID uint64    `json:"checkpoint-id"`
	Completed    time.Time `json:"completed"`
	// IsSavepoint tells that it is a savepoint: complete in its directory.
	IsSavepoint bool       `json:"savepoint"`
	Operators   []Operator `json:"operators"`

	saved *checkpoint.Saved
	parts map[string][]part // by operator id
}

// Operator is the state of one operator.
type Operator struct {
	// ID is the name of its state: hexadecimal, made of UID, or of the place in the graph if the program gave the operator none.
	ID             string  `json:"id"`
	UID            string  `json:"uid,omitempty"`
	Name           string  `json:"name"`
	Parallelism    int     `json:"parallelism"`
	MaxParallelism int     `json:"max-parallelism"`
	States         []State `json:"states"`
	// CoordinatorBytes is the size of what exists once for the operator: splits that wait, transactions.
	CoordinatorBytes int `json:"coordinator-bytes,omitempty"`
}

// State is one state of an operator.
type State struct {
	Name string `json:"name"`
	// Kind is value, list, map, reducing, aggregating, timer and the like; broadcast, union and operator-list are states without keys.
	Kind string `json:"kind"`
	// Key and Row are the types of keys and of what is stored for each; Key is nil without keys, Row where only the operator can read it.
	Key *column.Schema `json:"key,omitempty"`
	Row *column.Schema `json:"row,omitempty"`
	// Rows is the number of rows: values, lists, entries of maps or elements. Increments counts the snapshots that they lie in: if there
	// are several, rows that were written again are counted again.
	Rows       int64 `json:"rows"`
	Increments int   `json:"increments"`
	// Bytes are those of the stored blocks.
	Bytes int64 `json:"bytes"`

	backend string
}

// The kinds of state without keys.
const (
	Broadcast    = "broadcast"
	Union        = "union"
	OperatorList = "operator-list"
)

// part is the state of one sub-task: the indexes of its increments with their files.
type part struct {
	indexes []*checkpoint.Index
	files   []string
}

// Open opens the checkpoint or savepoint in a directory, which may be the path of its _metadata too, on any file system that the program
// imports.
func Open(ctx context.Context, dir string) (*Savepoint, error) {
	fs, within, err := filesystem.For(ctx, dir)
	if err != nil {
		return nil, err
	}
	saved, err := checkpoint.Load(ctx, fs, within)
	if err != nil {
		return nil, err
	}
	s := &Savepoint{Path: dir, JobID: saved.JobId, JobName: saved.JobName, CheckpointID: saved.CheckpointId, IsSavepoint: saved.Savepoint,
		Completed: time.UnixMilli(saved.Completed).UTC(), saved: saved, parts: map[string][]part{}}
	files := newFiles(ctx, saved)
	defer files.close()
	for _, o := range saved.Operators {
		if err := s.operator(o, files); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Metadata is what the savepoint consists of. Do not change it.
func (s *Savepoint) Metadata() *checkpoint.Metadata { return s.saved.Metadata }

func (s *Savepoint) operator(o *checkpoint.Operator, files *files) error {
	x := Operator{ID: o.Uid, UID: o.Given, Name: o.Name, MaxParallelism: int(o.MaxParallelism), CoordinatorBytes: len(o.Coordinator)}
	for _, sub := range o.Subtasks {
		x.Parallelism = int(sub.Parallelism)
		p, err := s.part(sub, files)
		if err == nil {
			err = x.add(p)
		}
		if err != nil {
			return fmt.Errorf("operator %q: %w", o.Name, err)
		}
		s.parts[o.Uid] = append(s.parts[o.Uid], p)
	}
	slices.SortFunc(x.States, func(a, b State) int { return cmp.Compare(a.Name, b.Name) })
	s.Operators = append(s.Operators, x)
	return nil
}

func (s *Savepoint) part(sub *checkpoint.Subtask, files *files) (p part, err error) {
	for _, h := range sub.Indexes {
		file := s.saved.FileOf(h)
		data, err := files.read(file, h.Offset, h.Length)
		if err != nil {
			return p, err
		}
		index := new(checkpoint.Index)
		if err := proto.Unmarshal(data, index); err != nil {
			return p, fmt.Errorf("state file %s: the index at offset %d: %w: %w", file, h.Offset, checkpoint.ErrCorrupt, err)
		}
		p.indexes, p.files = append(p.indexes, index), append(p.files, file)
	}
	return p, nil
}

// add counts the states of a sub-task.
func (o *Operator) add(p part) error {
	for i, index := range p.indexes {
		for _, b := range index.Backends {
			if superseded(p.indexes[i+1:], b.Name) {
				continue
			}
			for n, section := range b.Sections {
				d, err := task.DecodeSection(section)
				if err != nil {
					return err
				}
				x := o.state(State{Name: d.Name, Kind: d.Kind, Key: d.Key, Row: d.Row, backend: b.Name})
				x.Increments = max(x.Increments, i+1)
				for _, block := range b.Blocks {
					if int(block.Section) == n && !block.Removed {
						x.Rows += int64(block.Rows)
						x.Bytes += int64(block.Length)
					}
				}
			}
		}
	}
	if len(p.indexes) == 0 {
		return nil
	}
	for _, l := range p.indexes[len(p.indexes)-1].Lists {
		row, err := task.DecodeSchema(l.Row)
		if err != nil {
			return fmt.Errorf("state %q: %w", l.Name, err)
		}
		x := o.state(State{Name: l.Name, Kind: kindOf(l), Row: row, Increments: 1})
		for _, block := range l.Elements {
			x.Rows += int64(block.Rows)
			x.Bytes += int64(block.Length)
		}
	}
	return nil
}

func kindOf(l *checkpoint.List) string {
	switch {
	case l.Broadcast:
		return Broadcast
	case l.Union:
		return Union
	}
	return OperatorList
}

// superseded tells whether one of the later indexes holds all of a backend.
func superseded(later []*checkpoint.Index, backend string) bool {
	return slices.ContainsFunc(later, func(i *checkpoint.Index) bool {
		return slices.ContainsFunc(i.Backends, func(b *checkpoint.Backend) bool { return b.Name == backend && b.Full })
	})
}

// state returns the state of that name, which is new if it is not there.
func (o *Operator) state(s State) *State {
	i := slices.IndexFunc(o.States, func(x State) bool { return x.Name == s.Name && x.backend == s.backend })
	if i < 0 {
		i = len(o.States)
		o.States = append(o.States, s)
	}
	return &o.States[i]
}

// Operator returns the operator of a uid, an id or, if only one is called so, a name.
func (s *Savepoint) Operator(uid string) (*Operator, error) {
	named := -1
	for i := range s.Operators {
		switch o := &s.Operators[i]; {
		case uid != "" && (o.UID == uid || o.ID == uid):
			return o, nil
		case o.Name == uid && named == -1:
			named = i
		case o.Name == uid:
			named = -2
		}
	}
	if named >= 0 {
		return &s.Operators[named], nil
	}
	var all []string
	for _, o := range s.Operators {
		all = append(all, fmt.Sprintf("%s (%s)", cmp.Or(o.UID, o.ID), o.Name))
	}
	return nil, fmt.Errorf("%s has no operator %q: there are %v", path.Join(s.Path, checkpoint.MetadataName), uid, all)
}

// State returns the state of a name.
func (o *Operator) State(name string) (*State, error) {
	var all []string
	for i := range o.States {
		if o.States[i].Name == name {
			return &o.States[i], nil
		}
		all = append(all, o.States[i].Name)
	}
	return nil, fmt.Errorf("operator %q has no state %q: there are %q", o.Name, name, all)
}

// files are the open state files of a savepoint.
type files struct {
	ctx   context.Context
	saved *checkpoint.Saved
	open  map[string]*checkpoint.Reader
}

func newFiles(ctx context.Context, saved *checkpoint.Saved) *files {
	return &files{ctx, saved, map[string]*checkpoint.Reader{}}
}

func (f *files) read(name string, offset int64, length uint32) ([]byte, error) {
	r := f.open[name]
	if r == nil {
		var err error
		if r, err = f.saved.Open(f.ctx, name); err != nil {
			return nil, err
		}
		f.open[name] = r
	}
	return r.Read(&checkpoint.Handle{Offset: offset, Length: length})
}

func (f *files) close() {
	for _, r := range f.open {
		r.Close() //nolint:errcheck // only read
	}
}

// Types are the Go types of keys and values as the program that wrote them had them, empty where there are none.
func (s *State) Types() (key, value string) {
	if s.Key != nil {
		key = s.Key.Type
	}
	if s.Row == nil {
		return key, ""
	}
	fields := map[string]*column.Schema{}
	for _, f := range s.Row.Fields {
		fields[f.Name] = f
	}
	switch v, list, k := fields["Value"], fields["Values"], fields["Key"]; {
	case k != nil && v != nil:
		return key, "map[" + k.Type + "]" + v.Type
	case v != nil:
		return key, v.Type
	case s.Kind == "list" && list != nil:
		return key, list.Type
	}
	return key, string(s.Row.Kind)
}
