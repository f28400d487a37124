package blocking

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/shuffle/wire"
)

// maxRun is the most tasks that one run of a request names: no vertex has more sub-tasks.
const maxRun = 1 << 15

// Request names a part of the blocking output of a worker.
type Request struct {
	Stage string
	// From and To are the range [From, To) of sub-partitions.
	From, To int
	// Tasks are the attempts whose output is wanted.
	Tasks []wire.Task
}

// Append encodes r, for network.Input.Fetch. Tasks whose sub-tasks are evenly apart, as a scheduler spreads them over
// workers, take the place of one: first, distance, number.
func (r Request) Append(dst []byte) []byte {
	dst = wire.AppendString(dst, r.Stage)
	dst = binary.AppendUvarint(dst, uint64(r.From))
	dst = binary.AppendUvarint(dst, uint64(r.To))
	for tasks := r.Tasks; len(tasks) > 0; {
		apart, n := taskRun(tasks)
		dst = wire.AppendTask(dst, tasks[0])
		dst = binary.AppendUvarint(dst, uint64(apart))
		dst = binary.AppendUvarint(dst, uint64(n))
		tasks = tasks[n:]
	}
	return dst
}

// taskRun tells how many of tasks, from the first on, are attempts of equal number of one vertex, and how far apart they are.
func taskRun(tasks []wire.Task) (apart, n int) {
	first := tasks[0]
	if len(tasks) > 1 {
		apart = max(0, tasks[1].Subtask-first.Subtask)
	}
	for n = 1; n < min(len(tasks), maxRun) && apart > 0; n++ {
		if tasks[n] != (wire.Task{Vertex: first.Vertex, Subtask: first.Subtask + n*apart, Attempt: first.Attempt}) {
			break
		}
	}
	return apart, n
}

// ParseRequest reads what Append wrote.
func ParseRequest(src []byte) (r Request, err error) {
	f := wire.NewFields(src)
	r.Stage, r.From, r.To = f.String(), f.Int(), f.Int()
	for len(f.Rest()) > 0 {
		t, apart, n := f.Task(), f.Int(), f.Int()
		if n > maxRun {
			return r, fmt.Errorf("%w: %d tasks at once", wire.ErrCorrupt, n)
		}
		for ; n > 0 && f.Err() == nil; n-- {
			r.Tasks = append(r.Tasks, t)
			t.Subtask += apart
		}
	}
	return r, f.Err()
}

// Reader reads a Request: runs in the order of writing, each in one sequential piece, then what is in memory. It belongs
// to one goroutine.
type Reader struct {
	stage    *Stage
	from, to int
	tasks    []wire.Task // by producer; those that are not wanted are zero
	runs     []*run
	segments []*segment

	run      *run // being read
	off, end int64
	frames   *wire.Reader // one of the store's, while reading
	memory   []byte       // the rest of the segment being read
	owner    int          // its producer
}

// Open begins to read. The error is a *LostError if a task's output is not here, or not complete.
func (s *Store) Open(q Request) (*Reader, error) {
	st := s.stage(q.Stage)
	if st == nil {
		return nil, &LostError{Stage: q.Stage, Producers: q.Tasks, Err: errors.New("this worker does not have the stage")}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if q.From < 0 || q.From > q.To || q.To > st.subpartitions {
		return nil, fmt.Errorf("sub-partitions %d to %d of stage %s, which has %d", q.From, q.To, q.Stage, st.subpartitions)
	}
	r := &Reader{stage: st, from: q.From, to: q.To, tasks: make([]wire.Task, len(st.producers)), runs: st.runs}
	var missing []wire.Task
	for _, t := range q.Tasks {
		if i, ok := st.index[t]; ok && st.producers[i].finished {
			r.tasks[i] = t
		} else {
			missing = append(missing, t)
		}
	}
	if len(missing) > 0 {
		return nil, &LostError{Stage: q.Stage, Producers: missing, Err: errors.New("this worker does not have all of it")}
	}
	for _, g := range st.segments {
		if r.wants(g.producer) {
			r.segments = append(r.segments, g)
		}
	}
	return r, nil
}

// Has tells whether the outputs of all tasks are here and complete.
func (s *Store) Has(stage string, tasks []wire.Task) bool {
	st := s.stage(stage)
	if st == nil {
		return false
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, t := range tasks {
		if i, ok := st.index[t]; !ok || !st.producers[i].finished {
			return false
		}
	}
	return true
}

func (r *Reader) wants(producer int) bool {
	return producer < len(r.tasks) && r.tasks[producer] != wire.Task{}
}

// Next returns the next frame, whose Channel and Sequence are the stage's own. body is valid until the next call or Pause.
// The error is io.EOF at the end, or a *LostError.
func (r *Reader) Next() (wire.Header, []byte, error) {
	for {
		switch {
		case len(r.memory) > 0:
			h, err := wire.ParseHeader(r.memory)
			if err != nil {
				return h, nil, r.lost(err, r.owner)
			}
			body := r.memory[wire.HeaderSize:h.Size()]
			r.memory = r.memory[h.Size():]
			return h, body, nil
		case r.off < r.end:
			h, body, err := r.fromFile()
			if err != nil || r.wants(int(h.Channel)) {
				return h, body, err
			}
		case len(r.runs) > 0:
			r.Pause()
			r.run, r.runs = r.runs[0], r.runs[1:]
			r.off, r.end = r.run.offs[r.from], r.run.offs[r.to]
		case len(r.segments) > 0:
			r.Pause()
			r.run, r.memory, r.owner = nil, r.segments[0].between(r.from, r.to), r.segments[0].producer
			r.segments = r.segments[1:]
		default:
			return wire.Header{}, nil, io.EOF
		}
	}
}

// fromFile reads a frame of the current run, wanted or not.
func (r *Reader) fromFile() (wire.Header, []byte, error) {
	if r.frames == nil {
		section := io.NewSectionReader(r.run.file.in, r.off, r.end-r.off)
		if r.frames = <-r.stage.store.readers; r.frames == nil {
			r.frames = wire.NewReader(section)
		}
		r.frames.Reset(section)
	}
	h, body, err := r.frames.Next()
	r.off += int64(h.Size())
	inside := int(h.Sequence) >= r.from && int(h.Sequence) < r.to
	switch {
	case err == nil && inside:
		return h, body, nil
	case err == nil:
		err = fmt.Errorf("%w: sub-partition %d where %d to %d lie", wire.ErrCorrupt, h.Sequence, r.from, r.to)
	case h.Type != 0 && errors.Is(err, wire.ErrCorrupt):
		if !r.wants(int(h.Channel)) {
			return h, nil, nil
		}
		return h, nil, r.lost(err, int(h.Channel)) // the header is sound, so it is known whose the frame is
	}
	return h, nil, r.lost(err, r.run.producers...)
}

// lost is the error that names those of producers that are wanted.
func (r *Reader) lost(err error, producers ...int) error {
	e := &LostError{Stage: r.stage.name, Err: err}
	if r.run != nil {
		e.Err = fmt.Errorf("read %s at %d: %w", r.run.file.name, r.off, err)
	}
	for _, p := range producers {
		if r.wants(p) {
			e.Producers = append(e.Producers, r.tasks[p])
		}
	}
	return e
}

// Pause gives the buffer back until the next call of Next: others may read meanwhile.
func (r *Reader) Pause() {
	if r.frames != nil {
		r.stage.store.readers <- r.frames
		r.frames = nil
	}
}
