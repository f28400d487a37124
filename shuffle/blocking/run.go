package blocking

import (
	"bufio"
	"fmt"
	"slices"
)

// writeBuffer is the size of writes to files.
const writeBuffer = 1 << 20

// run is a part of a data file that holds segments of several writers merged: all frames of sub-partition 0, then all of
// sub-partition 1 and so on.
type run struct {
	file *dataFile
	// offs is where each sub-partition begins in the file, and the end.
	offs      []int64
	producers []int
}

// dataFile is one of a stage's files: runs one after the other.
type dataFile struct {
	name   string
	number int
	out    Writable // nil when another process writes it
	in     Readable
	size   int64
}

func (f *dataFile) close() error {
	var err error
	if f.out != nil {
		err = f.out.Close()
	}
	if e := f.in.Close(); err == nil {
		err = e
	}
	return err
}

// spill writes all segments as one run. They are readable all the time.
func (st *Stage) spill() error {
	st.writing.Lock()
	defer st.writing.Unlock()
	return st.writeOut()
}

// spoil ends the writing to the stage by an error, which it returns.
func (st *Stage) spoil(err error) error {
	err = fmt.Errorf("write blocking output of stage %s: %w: free space there or configure larger directories for temporary files", st.name, err)
	st.mu.Lock()
	st.err = err
	st.mu.Unlock()
	st.broken.Store(true)
	return err
}

// writeOut is spill with writing held.
func (st *Stage) writeOut() error {
	st.mu.Lock()
	segments := slices.Clip(st.segments)
	n := len(st.runs)
	st.mu.Unlock()
	if len(segments) == 0 {
		return nil
	}
	f, err := st.file(n % st.store.opt.FilesPerStage)
	var r *run
	if err == nil {
		r, err = st.writeRun(f, segments)
	}
	if err != nil {
		return st.spoil(err)
	}
	written := map[*segment]bool{}
	for _, g := range segments {
		written[g] = true
	}
	var freed int64
	st.mu.Lock()
	st.runs = append(st.runs, r)
	st.segments = slices.DeleteFunc(slices.Clone(st.segments), func(g *segment) bool {
		if written[g] {
			freed += int64(len(g.data))
		}
		return written[g]
	})
	st.memory.Add(-freed)
	st.mu.Unlock()
	st.store.charge(-freed)
	return nil
}

// file returns the stage's data file of a number, which is made if there is none. Called with writing held.
func (st *Stage) file(i int) (*dataFile, error) {
	if i < len(st.files) {
		return st.files[i], nil
	}
	f := &dataFile{name: fmt.Sprintf("%s/data-%d", st.name, i), number: i}
	var err error
	if f.out, err = st.store.opt.Files.Create(f.name); err != nil {
		return nil, err
	}
	if f.in, err = st.store.opt.Files.Open(f.name); err != nil {
		f.out.Close()
		return nil, err
	}
	st.mu.Lock()
	st.files = append(st.files, f)
	st.mu.Unlock()
	return f, nil
}

// writeRun merges segments to the end of f.
func (st *Stage) writeRun(f *dataFile, segments []*segment) (*run, error) {
	r := &run{file: f, offs: make([]int64, 0, st.subpartitions+1)}
	next := make([]int, len(segments))
	out := bufio.NewWriterSize(f.out, writeBuffer)
	at := f.size
	for sub := range uint32(st.subpartitions) {
		r.offs = append(r.offs, at)
		for i, g := range segments {
			k := next[i]
			if k == len(g.subs) || g.subs[k] != sub {
				continue
			}
			next[i]++
			n, err := out.Write(g.data[g.offs[k]:g.offs[k+1]])
			if err != nil {
				return nil, err
			}
			at += int64(n)
		}
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	r.offs = append(r.offs, at)
	for _, g := range segments {
		if !slices.Contains(r.producers, g.producer) {
			r.producers = append(r.producers, g.producer)
		}
	}
	st.store.spilled.Add(at - f.size)
	f.size = at
	return r, nil
}
