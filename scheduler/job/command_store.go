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

// CheckpointReserved gives out the identities up to ID, before any of them is triggered.
type CheckpointReserved struct {
	Job ID
	ID  int64
}

func (*CheckpointReserved) kind() kind { return kindCheckpointReserved }

func (m *CheckpointReserved) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.ID)
}

func (m *CheckpointReserved) apply(s *State, _ Time, e *Effects) {
	if j, ok := s.jobs.get(m.Job); ok && m.ID > j.Checkpoints.Reserved {
		j.Checkpoints.Reserved = m.ID
		e.Facts = append(e.Facts, m)
	}
}

// CheckpointCompleted records a checkpoint whose metadata is durable. It counts only if its identity was reserved and it is
// newer than all completed ones.
type CheckpointCompleted struct {
	Job      ID
	ID       int64
	Metadata string
}

func (*CheckpointCompleted) kind() kind { return kindCheckpointCompleted }

func (m *CheckpointCompleted) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.ID)
	text(c, &m.Metadata)
}

func (m *CheckpointCompleted) apply(s *State, at Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || m.ID > j.Checkpoints.Reserved || j.State.Terminal() {
		return
	}
	all := j.Checkpoints.Completed
	if len(all) > 0 && all[len(all)-1].ID >= m.ID {
		return
	}
	j.Checkpoints.Completed = append(all, Checkpoint{m.ID, m.Metadata, at})
	e.Facts = append(e.Facts, m)
	e.touch(j.ID)
}

// CheckpointDropped forgets a completed checkpoint; its files may be deleted when it has been applied. The newest one stays.
type CheckpointDropped struct {
	Job ID
	ID  int64
}

func (*CheckpointDropped) kind() kind { return kindCheckpointDropped }

func (m *CheckpointDropped) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.ID)
}

func (m *CheckpointDropped) apply(s *State, _ Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok {
		return
	}
	all := j.Checkpoints.Completed
	for i := 0; i < len(all)-1; i++ {
		if all[i].ID == m.ID {
			j.Checkpoints.Completed = append(all[:i:i], all[i+1:]...)
			e.Facts = append(e.Facts, m)
			return
		}
	}
}
