package job

// ProgramAdded records an executable that is in the blob store.
type ProgramAdded struct {
	Digest Digest
	Size   int64
}

func (*ProgramAdded) kind() kind { return kindProgramAdded }

func (m *ProgramAdded) fields(c *codec) {
	text(c, &m.Digest)
	num(c, &m.Size)
}

func (m *ProgramAdded) apply(s *State, at Time, e *Effects) {
	s.programs.put(m.Digest, &Program{m.Digest, m.Size, at})
	e.Facts = append(e.Facts, m)
}

// ProgramRemoved forgets an executable that no job needs; the blob may be deleted when it has been applied.
type ProgramRemoved struct{ Digest Digest }

func (*ProgramRemoved) kind() kind        { return kindProgramRemoved }
func (m *ProgramRemoved) fields(c *codec) { text(c, &m.Digest) }

func (m *ProgramRemoved) apply(s *State, _ Time, e *Effects) {
	for _, j := range s.jobs.all {
		if j.Program == m.Digest && !j.State.Terminal() {
			return
		}
	}
	s.programs.remove(m.Digest)
	e.Facts = append(e.Facts, m)
}
