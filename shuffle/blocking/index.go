package blocking

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/zeebo/xxh3"

	"github.com/leatproject/leat/shuffle/wire"
)

// The index of a stage is a journal, little endian: "LEATBLK2", then records, each
//
//	length u32 | xxh3 of the rest u64
//
// and, numbers as varints, what is new since the last one:
//
//	sub-partitions, the same in each record
//	number of producers, for each its task; they are numbered from 0 through all records
//	number of producers that have finished, and their numbers
//	number of runs, for each its file, the number of its producers and these, the offset of its first sub-partition, and the
//	length of each
const (
	indexMagic   = "LEATBLK2"
	recordHeader = 12
)

// Persist writes what is in memory, and what it is to the index: another process can Adopt what has finished until now,
// whatever becomes of this one.
func (st *Stage) Persist() error {
	st.writing.Lock()
	defer st.writing.Unlock()
	st.mu.Lock()
	err := st.err
	var finished []int
	for i, p := range st.producers {
		if p.finished && !p.indexed {
			finished = append(finished, i)
		}
	}
	st.mu.Unlock()
	if err != nil || len(finished) == 0 {
		return err
	}
	if err := st.writeOut(); err != nil {
		return err
	}
	if err := st.note(finished); err != nil {
		return st.spoil(err)
	}
	return nil
}

// note appends a record to the index. Called with writing held.
func (st *Stage) note(finished []int) error {
	record := make([]byte, recordHeader)
	if st.journal == nil {
		out, err := st.store.opt.Files.Create(st.name + "/index")
		if err != nil {
			return err
		}
		st.journal = out
		record = append([]byte(indexMagic), record...)
	}
	head := len(record) - recordHeader
	st.mu.Lock()
	record = st.appendNews(record, finished)
	producers, runs := len(st.producers), len(st.runs)
	st.mu.Unlock()
	body := record[head+recordHeader:]
	binary.LittleEndian.PutUint32(record[head:], uint32(len(body)))
	binary.LittleEndian.PutUint64(record[head+4:], xxh3.Hash(body))
	if st.store.opt.Sync {
		for _, f := range st.files {
			if err := f.out.Sync(); err != nil {
				return err
			}
		}
	}
	if _, err := st.journal.Write(record); err != nil {
		return err
	}
	if st.store.opt.Sync {
		if err := st.journal.Sync(); err != nil {
			return err
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.indexed.producers, st.indexed.runs = producers, runs
	for _, p := range finished {
		st.producers[p].indexed = true
	}
	return nil
}

// appendNews encodes what is not in the index yet. Called with mu held.
func (st *Stage) appendNews(dst []byte, finished []int) []byte {
	num := func(n int64) { dst = binary.AppendUvarint(dst, uint64(n)) }
	num(int64(st.subpartitions))
	producers, runs := st.producers[st.indexed.producers:], st.runs[st.indexed.runs:]
	num(int64(len(producers)))
	for _, p := range producers {
		dst = wire.AppendTask(dst, p.task)
	}
	num(int64(len(finished)))
	for _, p := range finished {
		num(int64(p))
	}
	num(int64(len(runs)))
	for _, r := range runs {
		num(int64(r.file.number))
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

// Adopt makes readable here what another process has persisted of a stage until now; it can be called again for what came
// later. An error wraps wire.ErrCorrupt if the index is damaged.
func (s *Store) Adopt(name string) error {
	s.mu.Lock()
	st := s.stages[name]
	switch {
	case s.closed:
		s.mu.Unlock()
		return errClosed
	case st == nil:
		st = &Stage{store: s, name: name, index: map[wire.Task]int{}, adopted: true}
		s.stages[name] = st
	case !st.adopted:
		s.mu.Unlock()
		return fmt.Errorf("adopt blocking output of stage %s: it is written here", name)
	}
	s.mu.Unlock()
	if err := st.follow(); err != nil {
		return fmt.Errorf("adopt blocking output of stage %s: %w", name, err)
	}
	return nil
}

// follow reads what is new in the index.
func (st *Stage) follow() error {
	st.writing.Lock()
	defer st.writing.Unlock()
	in, err := st.store.opt.Files.Open(st.name + "/index")
	if err != nil {
		return err
	}
	defer in.Close()
	news, err := io.ReadAll(io.NewSectionReader(in, st.indexed.bytes, 1<<40))
	if err != nil {
		return err
	}
	if st.indexed.bytes == 0 {
		if len(news) < len(indexMagic) || string(news[:len(indexMagic)]) != indexMagic {
			return fmt.Errorf("%w: no index of a stage", wire.ErrCorrupt)
		}
		st.indexed.bytes = int64(len(indexMagic))
		news = news[len(indexMagic):]
	}
	for len(news) >= recordHeader {
		n := int(binary.LittleEndian.Uint32(news))
		if len(news)-recordHeader < n {
			break // it is being written, or never will be
		}
		body := news[recordHeader : recordHeader+n]
		if binary.LittleEndian.Uint64(news[4:]) != xxh3.Hash(body) {
			return fmt.Errorf("%w: record of %d bytes at %d of the index", wire.ErrCorrupt, n, st.indexed.bytes)
		}
		if err := st.learn(body); err != nil {
			return err
		}
		news = news[recordHeader+n:]
		st.indexed.bytes += int64(recordHeader + n)
	}
	return nil
}

// learn takes over a record whose checksum is right. Called with writing held.
func (st *Stage) learn(body []byte) error {
	f := wire.NewFields(body)
	subpartitions := f.Int()
	var tasks []wire.Task
	for n := f.Int(); n > 0 && f.Err() == nil; n-- {
		tasks = append(tasks, f.Task())
	}
	var finished []int
	for n := f.Int(); n > 0 && f.Err() == nil; n-- {
		finished = append(finished, f.Int())
	}
	var runs []*run
	for n := f.Int(); n > 0 && f.Err() == nil; n-- {
		r, err := st.readRun(f, subpartitions)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	if f.Err() != nil {
		return f.Err()
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.removed {
		return errors.New("it has been removed")
	}
	st.subpartitions = subpartitions
	for _, t := range tasks {
		st.producers = append(st.producers, &producer{task: t})
	}
	for _, p := range finished {
		if p >= len(st.producers) {
			return fmt.Errorf("%w: producer %d of %d", wire.ErrCorrupt, p, len(st.producers))
		}
		st.producers[p].finished = true
		st.index[st.producers[p].task] = p
	}
	st.runs = append(st.runs, runs...)
	return nil
}

// readRun reads a run of the index and opens its file.
func (st *Stage) readRun(f *wire.Fields, subpartitions int) (*run, error) {
	file := f.Int()
	if file > len(st.files) || file >= maxFiles {
		return nil, fmt.Errorf("%w: run in file %d of %d", wire.ErrCorrupt, file, len(st.files))
	}
	if file == len(st.files) {
		d := &dataFile{name: fmt.Sprintf("%s/data-%d", st.name, file), number: file}
		var err error
		if d.in, err = st.store.opt.Files.Open(d.name); err != nil {
			return nil, err
		}
		st.mu.Lock()
		st.files = append(st.files, d)
		st.mu.Unlock()
	}
	r := &run{file: st.files[file]}
	for k := f.Int(); k > 0 && f.Err() == nil; k-- {
		r.producers = append(r.producers, f.Int())
	}
	at := int64(0)
	for k := 0; k <= subpartitions && f.Err() == nil; k++ {
		at += int64(f.Uint64())
		r.offs = append(r.offs, at)
	}
	return r, nil
}
