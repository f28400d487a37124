package pebble

import (
	"slices"
	"sort"
)

const (
	// fanIn is how many young runs of similar size are merged at a time.
	fanIn = 8
	// youngShare is which part of the base young runs may be before they are merged with it: the less, the more is written.
	youngShare = 3
	// mostYoung is from how many young runs on whoever writes has to wait.
	mostYoung = 6 * fanIn
)

// plan is what the compactor does next: merge young runs from one up to another, or all from one on with the base.
type plan struct {
	from, to int
	base     bool
}

// choose decides on the next step by the sizes of young runs, the newest first, and of the base. It answers to == 0 for nothing.
// Runs of a similar size, by powers of fanIn, are merged as soon as there are enough of them.
func choose(young []int64, base int64, o sizes) (p plan) {
	var total int64
	for _, n := range young {
		total += n
	}
	if total >= o.base && total >= base/youngShare && len(young) >= fanIn/2 {
		return plan{0, len(young), true}
	}
	for from := 0; from < len(young); {
		to := from
		for to < len(young) && o.tier(young[to]) <= o.tier(young[from]) {
			to++
		}
		if to-from >= fanIn {
			return plan{from: from, to: to}
		}
		from = to
	}
	return plan{}
}

func (o sizes) tier(size int64) (t int) {
	for ; size >= o.fresh; size /= fanIn {
		t++
	}
	return t
}

// rebase is a merge with the base that is under way: of which young runs, and the hash up to which it has come.
type rebase struct {
	young []*run
	next  uint64
}

// compact merges runs until the store is closed or has failed.
func (s *Store) compact() {
	defer close(s.compacted)
	var under *rebase
	for {
		v, p := s.plan(under)
		if v == nil {
			return
		}
		var err error
		switch {
		case p.to > 0 && !p.base:
			err = s.mergeYoung(v, p)
		default:
			if under == nil {
				under = &rebase{young: slices.Clone(v.young)}
			}
			var done bool
			if done, err = s.mergeBase(v, under); done {
				under = nil
			}
		}
		s.note(err)
		s.note(s.release(v))
	}
}

// plan waits until there is something to do; v is nil when the store is closed or has failed.
func (s *Store) plan(under *rebase) (v *version, p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed && s.err == nil {
		young := s.version.young
		if under != nil {
			young = young[:len(young)-len(under.young)]
		}
		sizes := make([]int64, len(young))
		for i, r := range young {
			sizes[i] = r.size()
		}
		base := sizeOf(s.version.base)
		if under != nil {
			base = 1 << 62
		}
		if p = choose(sizes, base, s.sizes); p.to > 0 || under != nil {
			s.version.refs++
			return s.version, p
		}
		s.changed.Wait()
	}
	return nil, p
}

// mergeYoung merges some young runs of a version into one.
func (s *Store) mergeYoung(v *version, p plan) error {
	runs := v.young[p.from:p.to]
	records := 0
	for _, r := range runs {
		records += r.records
	}
	out, err := s.merge(newMerger(runs, nil), 0, 0, mergeOptions{records: records, removals: true})
	if err != nil {
		return err
	}
	return s.install(func(now *version) *version {
		at := len(now.young) - len(v.young) + p.from
		return &version{base: now.base, young: slices.Replace(slices.Clone(now.young), at, at+len(runs), out...)}
	})
}

// mergeBase merges young runs with the next segment of the base.
func (s *Store) mergeBase(v *version, b *rebase) (done bool, err error) {
	at := sort.Search(len(v.base), func(i int) bool { return v.base[i].low >= b.next })
	old, end := min(1, len(v.base)-at), uint64(0)
	if done = at+1 >= len(v.base); !done {
		end = v.base[at+1].low
	}
	out, err := s.merge(newMerger(b.young, v.base[at:at+old]), b.next, end, mergeOptions{segments: true})
	if err != nil {
		return false, err
	}
	b.next = end
	return done, s.install(func(now *version) *version {
		n := &version{young: now.young, base: slices.Replace(slices.Clone(now.base), at, at+old, out...)}
		if done {
			n.young = slices.Clone(now.young[:len(now.young)-len(b.young)])
		}
		return n
	})
}

type mergeOptions struct {
	records  int  // how many at most, for the filter; 0 for none
	removals bool // are kept
	segments bool // are begun
}

// merge writes what a merger has of the hashes from low on, and below end unless that is 0.
func (s *Store) merge(m *merger, low, end uint64, o mergeOptions) (out []*run, err error) {
	var w *runWriter
	defer func() {
		if w != nil {
			w.abandon()
		}
		if err != nil {
			for _, r := range out {
				r.file.Close()      //nolint:errcheck // nobody reads it
				s.fs.Remove(r.path) //nolint:errcheck // the directory is temporary
			}
		}
	}()
	finish := func() error {
		if w == nil {
			return nil
		}
		r, err := w.finish()
		if w = nil; err == nil {
			r.low = low
			out = append(out, r)
		}
		return err
	}
	if err := m.seek(low, nil); err != nil {
		return nil, err
	}
	for n := 0; m.current != nil && (end == 0 || m.current.hash < end); n++ {
		e := m.current
		if n%4096 == 0 && s.stopped() {
			return out, errClosed
		}
		if o.segments && w != nil && w.end >= s.sizes.segment && w.last != e.hash {
			if err := finish(); err != nil {
				return out, err
			}
			low = e.hash
		}
		if !e.removed || o.removals {
			if w == nil {
				if w, err = s.newRun(o.records); err != nil {
					return out, err
				}
			}
			if err := w.add(e); err != nil {
				return out, err
			}
		}
		if err := m.next(); err != nil {
			return out, err
		}
	}
	return out, finish()
}
