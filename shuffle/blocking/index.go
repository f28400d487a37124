package blocking

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/leatproject/leat/shuffle/wire"
)

// The index of a stage, little endian, numbers as varints:
//
//	"LEATBLK1" | length u64 | xxh3 of the rest u64
//	sub-partitions, number of files, for each its size
//	number of producers, for each 1 if it has finished and its task
//	number of runs, for each its file, its producers and their number, and the length of each sub-partition, the first
//	preceded by its offset
const (
	indexMagic  = "LEATBLK1"
	indexHeader = 24
)

// Seal writes what is in memory and the index, after which nothing can be written to the stage any more. The stage can
// still be read here, and, once this process is gone or has let go of it, be adopted by another one.
func (st *Stage) Seal() error {
	for st.memory.Load() > 0 {
		if err := st.spill(); err != nil {
			return err
		}
	}
	st.writing.Lock()
	defer st.writing.Unlock()
	st.mu.Lock()
	if st.err == nil {
		st.err = fmt.Errorf("stage %s is sealed", st.name)
	}
	body := st.appendIndex(nil)
	st.mu.Unlock()
	if err := st.complete(body); err != nil {
		return fmt.Errorf("seal blocking output of stage %s: %w", st.name, err)
	}
	return nil
}

func (st *Stage) complete(body []byte) error {
	sync := st.store.opt.Sync
	for _, f := range st.files {
		if f.out == nil {
			continue
		}
		if err := finish(f.out, sync); err != nil {
			return err
		}
		f.out = nil
	}
	out, err := st.store.opt.Files.Create(st.name + "/index")
	if err != nil {
		return err
	}
	head := append([]byte(indexMagic), make([]byte, 16)...)
	binary.LittleEndian.PutUint64(head[8:], uint64(len(body)))
	binary.LittleEndian.PutUint64(head[16:], xxh3.Hash(body))
	if _, err := out.Write(append(head, body...)); err != nil {
		return errors.Join(err, out.Close())
	}
	return finish(out, sync)
}

func finish(out Writable, sync bool) error {
	var err error
	if sync {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

func (st *Stage) appendIndex(dst []byte) []byte {
	num := func(n int64) { dst = binary.AppendUvarint(dst, uint64(n)) }
	num(int64(st.subpartitions))
	num(int64(len(st.files)))
	for _, f := range st.files {
		num(f.size)
	}
	num(int64(len(st.producers)))
	for i, p := range st.producers {
		finished := int64(0)
		if at, ok := st.index[p.task]; ok && at == i && p.finished {
			finished = 1
		}
		num(finished)
		dst = wire.AppendTask(dst, p.task)
	}
	num(int64(len(st.runs)))
	for _, r := range st.runs {
		num(int64(slices.Index(st.files, r.file)))
		num(int64(len(r.producers)))
		for _, p := range r.producers {
			num(int64(p))
		}
		last := int64(0)
		for _, at := range r.offs {
			num(at - last)
			last = at
		}
	}
	return dst
}

// Adopt makes a stage that another process has sealed readable here. An error wraps wire.ErrCorrupt if it is damaged.
func (s *Store) Adopt(name string) error {
	st := &Stage{store: s, name: name, index: map[wire.Task]int{}, err: fmt.Errorf("stage %s is sealed", name)}
	body, err := s.readIndex(name)
	if err == nil {
		err = st.parseIndex(body)
	}
	if err != nil {
		for _, f := range st.files {
			f.close()
		}
		return fmt.Errorf("adopt blocking output of stage %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.stages[name] != nil {
		for _, f := range st.files {
			f.close()
		}
		return fmt.Errorf("adopt blocking output of stage %s: it is here already, or the store is closed", name)
	}
	s.stages[name] = st
	return nil
}

func (s *Store) readIndex(name string) ([]byte, error) {
	in, err := s.opt.Files.Open(name + "/index")
	if err != nil {
		return nil, err
	}
	defer in.Close()
	all, err := io.ReadAll(io.NewSectionReader(in, 0, 1<<40))
	if err != nil {
		return nil, err
	}
	if len(all) < indexHeader || string(all[:8]) != indexMagic {
		return nil, fmt.Errorf("%w: no index of a stage", wire.ErrCorrupt)
	}
	body := all[indexHeader:]
	if binary.LittleEndian.Uint64(all[8:]) != uint64(len(body)) || binary.LittleEndian.Uint64(all[16:]) != xxh3.Hash(body) {
		return nil, fmt.Errorf("%w: index of %d bytes", wire.ErrCorrupt, len(body))
	}
	return body, nil
}

// parseIndex reads an index whose checksum is right, and opens the files.
func (st *Stage) parseIndex(body []byte) error {
	f := wire.NewFields(body)
	st.subpartitions = f.Int()
	for i := range f.Int() {
		d := &dataFile{name: fmt.Sprintf("%s/data-%d", st.name, i), size: int64(f.Uint64())}
		var err error
		if d.in, err = st.store.opt.Files.Open(d.name); err != nil {
			return err
		}
		st.files = append(st.files, d)
	}
	for n := f.Int(); n > 0 && f.Err() == nil; n-- {
		p := &producer{finished: f.Int() == 1}
		p.task = f.Task()
		if p.finished {
			st.index[p.task] = len(st.producers)
		}
		st.producers = append(st.producers, p)
	}
	for n := f.Int(); n > 0 && f.Err() == nil; n-- {
		file := f.Int()
		if file >= len(st.files) {
			return fmt.Errorf("%w: run in file %d of %d", wire.ErrCorrupt, file, len(st.files))
		}
		r := &run{file: st.files[file]}
		for k := f.Int(); k > 0 && f.Err() == nil; k-- {
			r.producers = append(r.producers, f.Int())
		}
		at := int64(0)
		for k := 0; k <= st.subpartitions && f.Err() == nil; k++ {
			at += int64(f.Uint64())
			r.offs = append(r.offs, at)
		}
		st.runs = append(st.runs, r)
	}
	return f.Err()
}
