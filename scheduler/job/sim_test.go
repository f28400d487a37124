package job

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
)

// world is a simulated cluster: three JobManagers over one log, TaskManagers, a network, virtual time in milliseconds. All of
// it follows from a seed and a list of faults.
type world struct {
	rng     *rand.Rand
	now     Time
	calm    Time // when faults stop
	queue   events
	ordinal int

	log        [][]byte // committed entries
	term       uint64   // of the newest election
	generation uint64
	mirror     []byte // a snapshot of the newest leader's, and the facts since then
	facts      [][]byte
	truth      *State // the whole log, applied
	nodes      []*simNode
	tms        []*simTM
	sunk       map[ID]string // what a job's commit was begun for
	aborted    map[ID]bool
	accepted   map[Task]Attempt  // of sub-tasks that have finished
	rivals     int               // that were deployed
	overtook   int               // of them
	sent       map[ID]bool       // acknowledged submissions
	written    map[Attempt][]int // what broadcast an attempt was deployed with
	storage    simStorage
	broken     error
	trace      uint64
	steps      int
}

type event struct {
	at      Time
	ordinal int
	do      func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(a, b int) bool {
	return e[a].at < e[b].at || e[a].at == e[b].at && e[a].ordinal < e[b].ordinal
}
func (e events) Swap(a, b int) { e[a], e[b] = e[b], e[a] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any     { x := (*e)[len(*e)-1]; *e = (*e)[:len(*e)-1]; return x }

func (w *world) after(d Time, do func()) {
	w.ordinal++
	heap.Push(&w.queue, event{w.now + d, w.ordinal, do})
}

func (w *world) stormy() bool { return w.now < w.calm }

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

// send carries a message between a JobManager and a TaskManager: late, out of order, and in a storm not at all or twice.
func (w *world) send(n *simNode, t *simTM, do func()) {
	if w.stormy() {
		if t.cut || n.cut || w.chance(4) {
			return
		}
		if w.chance(4) {
			w.after(Time(1+w.rng.IntN(3000)), do)
		}
	}
	w.after(Time(1+w.rng.IntN(20)), do)
}

func (w *world) fail(format string, args ...any) {
	if w.broken == nil {
		w.broken = fmt.Errorf("at %d ms: %s", w.now, fmt.Sprintf(format, args...))
	}
}

// simNode is a JobManager: its copy of the state, and its observations while it believes to be the leader.
type simNode struct {
	w       *world
	name    string
	up      bool
	cut     bool // from everybody
	state   *State
	applied int
	term    uint64
	o       *Observations
	step    Time // of its clock
	welcome map[string]*simTM
	woken   Time
}

func (n *simNode) clock() Time { return n.w.now + n.step }

func (n *simNode) catchUp() {
	for n.applied < len(n.w.log) {
		e, err := DecodeEntry(n.w.log[n.applied])
		if err != nil {
			n.w.fail("%v", err)
			return
		}
		n.applied++
		x := n.state.Apply(uint64(n.applied), e)
		if n.o != nil {
			n.o.Applied(n.state, x, n.clock())
		}
	}
}

// restore passes the state through a snapshot.
func (n *simNode) restore() {
	s, err := Restore(n.state.Snapshot())
	if err != nil {
		n.w.fail("%v", err)
		return
	}
	n.state = s
}

// propose commits an entry if the node is the leader. It is false when it is not, or does not know.
func (n *simNode) propose(commands ...Command) bool {
	w := n.w
	all, err := Entry{w.generation, n.term, n.clock(), commands}.Split()
	if err != nil {
		w.fail("%v", err)
		return false
	}
	for _, b := range all {
		if n.term != w.term || n.cut {
			if n.term < w.term && w.truth.Term == w.term && w.chance(30) {
				w.commit(b) // as a log that does not fence would; the state must
			}
			n.o = nil
			return false
		}
		unknown := w.stormy() && w.chance(1)
		if !unknown || w.chance(50) {
			w.commit(b)
		}
		if unknown {
			n.o = nil
			w.after(300, w.elect)
			return false
		}
		n.catchUp()
	}
	return true
}

func (w *world) commit(b []byte) {
	w.log = append(w.log, b)
	e, err := DecodeEntry(b)
	if err != nil {
		w.fail("%v", err)
		return
	}
	w.checkRestart(e)
	for _, c := range e.Commands {
		if _, ok := c.(*RivalDeployed); ok && e.Term >= w.truth.Term {
			w.rivals++
		}
	}
	term := w.truth.Term
	x := w.truth.Apply(uint64(len(w.log)), e)
	if x.Stale != (e.Term < term) {
		w.fail("an entry of term %d counts %v in term %d", e.Term, !x.Stale, term)
	}
	if len(x.Facts) > 0 {
		e.Commands = x.Facts
		w.facts = append(w.facts, e.encodeAll())
	}
	for _, x := range b {
		w.trace = (w.trace ^ uint64(x)) * 1099511628211
	}
}

func (w *world) leader() *simNode {
	for _, n := range w.nodes {
		if n.o != nil && n.up && n.term == w.term {
			return n
		}
	}
	return nil
}

// elect makes one of the connected nodes the leader; the old one may not know.
func (w *world) elect() {
	if n := w.leader(); n != nil && !n.cut {
		return
	}
	start := w.rng.IntN(len(w.nodes))
	for i := range w.nodes {
		n := w.nodes[(start+i)%len(w.nodes)]
		if !n.up || n.cut {
			continue
		}
		w.term++
		n.term, n.o = w.term, nil
		n.catchUp()
		n.restore()
		if !n.propose(&LeaderElected{w.generation, n.term, n.name}) {
			return
		}
		w.mirror, w.facts = n.state.Snapshot(), nil
		n.o = NewObservations(n.state, DefaultOptions(), n.clock())
		n.welcome = map[string]*simTM{}
		for _, t := range w.tms {
			w.after(Time(w.rng.IntN(300)), func() { t.hello(n) })
		}
		n.wake()
		return
	}
	w.after(500, w.elect)
}

// begin starts a new generation from the mirror: the quorum was lost for good. The fact that was written last may be missing if
// nobody has acted on it.
func (w *world) begin() {
	if w.mirror == nil {
		return
	}
	for _, n := range w.nodes {
		n.up, n.cut, n.o, n.term = true, false, nil, 0
		s, err := Rebuild(1, w.mirror, w.facts)
		if err != nil {
			w.fail("%v", err)
			return
		}
		n.state, n.applied = s, len(w.log)
	}
	w.truth, _ = Rebuild(1, w.mirror, w.facts)
	w.generation++
	w.after(500, w.elect)
}

// decide is the shell: it decides until nothing is left, then says what has to be said.
func (n *simNode) decide() {
	if n.o == nil || !n.up {
		return
	}
	for range 100 {
		if !n.lookAfterHosts() {
			return
		}
		commands := Decide(n.state, n.o, n.clock())
		if len(commands) == 0 {
			n.o.Decided(nil)
			n.speak()
			n.keepCheckpoints()
			return
		}
		if !n.propose(commands...) {
			return
		}
		n.o.Decided(commands)
	}
	all := ""
	for j := range n.state.Jobs {
		all += describe(j)
	}
	n.w.fail("%s decides for ever: %+v\n%s", n.name, Decide(n.state, n.o, n.clock())[0], all)
}

func (n *simNode) speak() {
	for _, resource := range sortedKeys(n.welcome) {
		t := n.welcome[resource]
		if r, ok := n.state.Registered(resource); ok {
			number, fence := r.Number, Fence{n.state.Generation, n.term, 0}
			n.w.send(n, t, func() { t.welcomed(resource, n, number, fence) })
			delete(n.welcome, resource)
		}
	}
	for _, order := range n.o.Orders(n.state, n.clock()) {
		n.w.appoint(n.state, &order)
		r, _ := n.state.TaskManager(order.TM)
		if t := n.w.tm(r.Resource); t != nil {
			n.w.send(n, t, func() { t.obey(n, order) })
		}
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (w *world) tm(resource string) *simTM {
	for _, t := range w.tms {
		if t.resource == resource {
			return t
		}
	}
	return nil
}

// wake calls decide again when the observations ask for it.
func (n *simNode) wake() {
	if n.o == nil {
		return
	}
	n.decide()
	if n.o == nil {
		return
	}
	if at := n.o.Wake() - n.step; at > 0 && (n.woken <= n.w.now || at < n.woken) {
		n.woken = max(at, n.w.now+1)
		o := n.o
		n.w.after(n.woken-n.w.now, func() {
			if n.o == o {
				n.wake()
			}
		})
	}
}
