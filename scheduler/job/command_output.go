package job

// OutputsKept is the fact that attempts have finished. It follows from TasksChanged, and is applied only where a state is
// rebuilt from facts.
type OutputsKept struct {
	Job     ID
	Outputs []KeptOutput
}

// KeptOutput is the same of Count neighbouring sub-tasks.
type KeptOutput struct {
	Producer
	Count  int
	Bytes  int64
	Result []byte
}

// keep adds the fact that a task has finished.
func (e *Effects) keep(j *Job, v, i int) {
	t := &j.Vertices[v].Subtasks[i]
	n := KeptOutput{Producer{v, i, t.Generation, t.Attempt}, 1, t.Bytes, t.Result}
	var m *OutputsKept
	if k := len(e.Facts) - 1; k >= 0 {
		m, _ = e.Facts[k].(*OutputsKept)
	}
	if m == nil || m.Job != j.ID {
		m = &OutputsKept{Job: j.ID}
		e.Facts = append(e.Facts, m)
	}
	if k := len(m.Outputs) - 1; k >= 0 {
		last := &m.Outputs[k]
		next := last.Producer
		next.Subtask += last.Count
		if next == n.Producer && last.Bytes == n.Bytes && len(last.Result)+len(n.Result) == 0 {
			last.Count++
			return
		}
	}
	m.Outputs = append(m.Outputs, n)
}

func (*OutputsKept) kind() kind { return kindOutputsKept }

func (m *OutputsKept) fields(c *codec) {
	text(c, &m.Job)
	list(c, &m.Outputs, func(c *codec, x *KeptOutput) {
		x.Producer.fields(c)
		num(c, &x.Count)
		num(c, &x.Bytes)
		c.bytes(&x.Result)
	})
}

func (m *OutputsKept) apply(s *State, at Time, _ *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok || !s.rebuilding {
		return
	}
	for _, x := range m.Outputs {
		for i := x.Subtask; i < x.Subtask+x.Count && j.has(x.Vertex, i); i++ {
			t := &j.Vertices[x.Vertex].Subtasks[i]
			t.Generation, t.Attempt, t.Bytes, t.Result = x.Generation, x.Attempt, x.Bytes, x.Result
			j.set(x.Vertex, i, TaskFinished, at)
			j.setRestart(x.Vertex, i, false)
		}
	}
}

// CommitBegun is the fact that an attempt of a commit vertex was deployed: what it commits never runs again. It follows from
// TasksDeployed, and is applied only where a state is rebuilt from facts.
type CommitBegun struct {
	Job ID
	Producer
}

func (*CommitBegun) kind() kind { return kindCommitBegun }

func (m *CommitBegun) fields(c *codec) {
	text(c, &m.Job)
	m.Producer.fields(c)
}

func (m *CommitBegun) apply(s *State, _ Time, _ *Effects) {
	if j, ok := s.jobs.get(m.Job); ok && s.rebuilding && j.has(m.Vertex, m.Subtask) {
		t := &j.Vertices[m.Vertex].Subtasks[m.Subtask]
		t.Generation, t.Attempt = m.Generation, m.Attempt
	}
}

// OutputsOffered takes back outputs that were counted as lost: their TaskManager has come again.
type OutputsOffered struct {
	Job     ID
	TM      TM
	Outputs []Producer
}

func (*OutputsOffered) kind() kind { return kindOutputsOffered }

func (m *OutputsOffered) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.TM)
	list(c, &m.Outputs, func(c *codec, p *Producer) { p.fields(c) })
}

func (m *OutputsOffered) apply(s *State, _ Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if _, registered := s.tms.get(m.TM); !ok || !registered {
		return
	}
	for _, p := range m.Outputs {
		if j.wants(p) {
			t := &j.Vertices[p.Vertex].Subtasks[p.Subtask]
			t.SlotRef = SlotRef{m.TM, 0}
			j.setLost(p.Vertex, p.Subtask, false)
		}
	}
	e.touch(j.ID)
}

// OutputsLost marks outputs that their TaskManager cannot serve any more.
type OutputsLost struct {
	Job     ID
	TM      TM
	Outputs []Producer
}

func (*OutputsLost) kind() kind { return kindOutputsLost }

func (m *OutputsLost) fields(c *codec) {
	text(c, &m.Job)
	num(c, &m.TM)
	list(c, &m.Outputs, func(c *codec, p *Producer) { p.fields(c) })
}

func (m *OutputsLost) apply(s *State, _ Time, e *Effects) {
	j, ok := s.jobs.get(m.Job)
	if !ok {
		return
	}
	for _, p := range m.Outputs {
		if j.holds(p, m.TM) {
			j.setLost(p.Vertex, p.Subtask, true)
		}
	}
	e.touch(j.ID)
}

// holds tells whether a TaskManager is where the output p is looked for.
func (j *Job) holds(p Producer, tm TM) bool {
	if !j.finished(p) || !j.Plan.blocking[p.Vertex] {
		return false
	}
	t := &j.Vertices[p.Vertex].Subtasks[p.Subtask]
	return t.TM == tm && !t.Lost
}

func (j *Job) has(v, subtask int) bool {
	return v >= 0 && v < len(j.Vertices) && subtask >= 0 && subtask < len(j.Vertices[v].Subtasks)
}

// finished tells whether p is the current attempt of a task and has finished.
func (j *Job) finished(p Producer) bool {
	if !j.has(p.Vertex, p.Subtask) {
		return false
	}
	t := &j.Vertices[p.Vertex].Subtasks[p.Subtask]
	return t.State == TaskFinished && t.Generation == p.Generation && t.Attempt == p.Attempt
}

// wants tells whether p is a lost output that has not begun to be made again.
func (j *Job) wants(p Producer) bool {
	if !j.finished(p) {
		return false
	}
	t := &j.Vertices[p.Vertex].Subtasks[p.Subtask]
	return t.Lost && !t.Restart
}
