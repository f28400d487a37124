package blocking

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/leatproject/leat/shuffle/wire"
)

// Options are the settings of a Store. Files is required.
type Options struct {
	Files Files
	// MemoryBytes is the budget of all writers and of what is kept in memory; the default is 128 MiB.
	MemoryBytes int64
	// FilesPerStage is the number of data files of a stage, 1 to 3; the default is 3.
	FilesPerStage int
	// ReadBuffers is how many Readers read at a time, each with a buffer of 512 KiB; the default is 16.
	ReadBuffers int
	// Compress compresses frames by LZ4: for disks slower than about 1 GB/s.
	Compress bool
	// Sync makes Persist wait until the files would survive a crash of the machine.
	Sync bool
	// Keep leaves the files when the Store is closed: they belong to somebody else.
	Keep bool
	// Logger is told about failures of files; nil means slog.Default().
	Logger *slog.Logger
}

// Store holds the blocking outputs of one worker. Safe for concurrent use.
type Store struct {
	opt     Options
	used    atomic.Int64 // bytes of segments and of writers' rows
	writers atomic.Int64
	spilled atomic.Int64
	readers chan *wire.Reader // the free ones; nil entries are yet to be made
	group   sync.WaitGroup

	mu       sync.Mutex
	stages   map[string]*Stage
	waiting  map[*Writer]func() // writers without room
	spilling bool
	closed   bool
}

// New returns an empty Store.
func New(opt Options) (*Store, error) {
	if opt.MemoryBytes == 0 {
		opt.MemoryBytes = 128 << 20
	}
	if opt.FilesPerStage == 0 {
		opt.FilesPerStage = maxFiles
	}
	if opt.FilesPerStage < 1 || opt.FilesPerStage > maxFiles || opt.Files == nil {
		return nil, fmt.Errorf("blocking outputs in %d files per stage: set 1 to %d, and where they lie", opt.FilesPerStage, maxFiles)
	}
	if opt.ReadBuffers == 0 {
		opt.ReadBuffers = 16
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	s := &Store{opt: opt, stages: map[string]*Stage{}, waiting: map[*Writer]func(){}, readers: make(chan *wire.Reader, opt.ReadBuffers)}
	for range opt.ReadBuffers {
		s.readers <- nil
	}
	return s, nil
}

// maxFiles and the index are what a stage may have.
const maxFiles = 3

// MemoryUsed is the number of bytes of rows in memory, BytesSpilled that of those ever written to files.
func (s *Store) MemoryUsed() int64   { return s.used.Load() }
func (s *Store) BytesSpilled() int64 { return s.spilled.Load() }

// Stage returns the stage of a name, which it makes with so many sub-partitions if there is none. The name must be a path
// component and not used for another attempt of the job.
func (s *Store) Stage(name string, subpartitions int) (*Stage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	st := s.stages[name]
	switch {
	case st == nil && (name == "" || strings.ContainsAny(name, "/\\") || name[0] == '.'):
		return nil, fmt.Errorf("stage name %q is no file name", name)
	case st == nil:
		st = &Stage{store: s, name: name, subpartitions: subpartitions, index: map[wire.Task]int{}}
		s.stages[name] = st
	case st.adopted:
		return nil, fmt.Errorf("stage %s is written by another process", name)
	case st.subpartitions != subpartitions:
		return nil, fmt.Errorf("stage %s has %d sub-partitions, not %d", name, st.subpartitions, subpartitions)
	}
	return st, nil
}

var errClosed = errors.New("the store of blocking outputs is closed")

// stage returns a stage that exists.
func (s *Store) stage(name string) *Stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stages[name]
}

// charge books n bytes, which may be negative, and begins to spill or lets writers go on.
func (s *Store) charge(n int64) {
	used := s.used.Add(n)
	if used > s.opt.MemoryBytes/2 {
		s.spill()
	}
	if n < 0 && used < s.opt.MemoryBytes {
		s.wake()
	}
}

// wake lets writers look for room again.
func (s *Store) wake() {
	s.mu.Lock()
	wakes := s.waiting
	s.waiting = map[*Writer]func(){}
	s.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

// spill starts the goroutine that writes segments to files, if it does not run and there is something for it.
func (s *Store) spill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spilling || s.closed || s.biggest() == nil {
		return
	}
	s.spilling = true
	s.group.Add(1)
	go func() {
		defer s.group.Done()
		for {
			s.mu.Lock()
			st := s.biggest()
			if st == nil || s.closed {
				s.spilling = false
				s.mu.Unlock()
				s.wake()
				return
			}
			s.mu.Unlock()
			if err := st.spill(); err != nil {
				s.opt.Logger.Error("blocking output cannot be written", "stage", st.name, "error", err)
			}
		}
	}()
}

// biggest is the stage with most in memory if that is worth a run, else nil. Called with mu held.
func (s *Store) biggest() *Stage {
	var most *Stage
	var least int64
	if s.used.Load() < s.opt.MemoryBytes {
		least = s.opt.MemoryBytes / 4
	}
	for _, st := range s.stages {
		if n := st.memory.Load(); n > least && !st.broken.Load() {
			most, least = st, n
		}
	}
	return most
}

// Close removes all stages with their files, or lets go of them with Options.Keep. It waits for what Serve and Forward began;
// Writers must have ended.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	stages := s.stages
	s.stages = map[string]*Stage{}
	s.mu.Unlock()
	s.group.Wait()
	var errs []error
	for _, st := range stages {
		if s.opt.Keep {
			errs = append(errs, st.close())
		} else {
			errs = append(errs, st.Remove())
		}
	}
	return errors.Join(errs...)
}
