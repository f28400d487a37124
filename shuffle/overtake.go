package shuffle

import "github.com/leatproject/leat/storage/column"

// Overtakes tells whether a barrier may overtake the rows on an edge: where one row's place can be found again whatever the
// parallelism is then, by its hash, or because any place will do. The rows of other edges belong together with the sub-task
// that has sent them (pointwise edges), with what all the others get (broadcast), or where only a user's function knows.
func (s Strategy) Overtakes() bool {
	switch s {
	case Hash, Rebalance, Shuffle, Global:
		return true
	}
	return false
}

// Overtaker is a Sender in which rows wait, or whose receiver cannot see by itself that a barrier is in a hurry.
type Overtaker interface {
	Sender
	// Overtake makes the barrier of a checkpoint, which was sent, overtake the rows that wait at this end. save is called with them,
	// if there are any, as frames of package wire, which belong to the caller: they reach the receiver behind its barrier.
	Overtake(checkpoint uint64, save func(frames []byte))
	// Departs tells whether the barrier of a checkpoint waits at this end. If so, f is called, from any goroutine, when it
	// does not any more; Overtake makes that vain.
	Departs(checkpoint uint64, f func()) bool
}

// Overtake implements Overtaker: all rows of a Channel wait at its receiver, who knows what to do when it hears of it.
func (c *Channel) Overtake(checkpoint uint64, _ func([]byte)) {
	g := c.gate
	g.mu.Lock()
	g.urgent = max(g.urgent, checkpoint)
	g.news++
	g.mu.Unlock()
	g.wake()
}

// Departs implements Overtaker.
func (c *Channel) Departs(uint64, func()) bool { return false }

// Barriers are what has come in of barriers, read or not: the newest, and the newest of those that are to overtake what waits.
// news changes with each that comes, and with each channel that ends.
func (g *Gate) Barriers() (newest, urgent, news uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.barrier, g.urgent, g.news
}

// Queued is a batch that waits in a channel.
type Queued struct {
	Channel *Channel
	Batch   *column.Batch
}

// Overtaken returns the batches in front of the barrier of a checkpoint, or of the end, of those channels of awaited, by index,
// where that has come, and takes these off awaited. The batches stay where they are, and unchanged until they are received.
func (g *Gate) Overtaken(checkpoint uint64, awaited []bool) (batches []Queued) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ahead := make([][]Queued, len(awaited))
	for i := range g.n {
		r := g.queue[(g.head+i)&(len(g.queue)-1)]
		c := r.channel.Index
		switch {
		case !awaited[c]:
		case r.element.Kind == Batch:
			ahead[c] = append(ahead[c], Queued{r.channel, r.element.Batch})
		case r.element.Kind == End || r.element.Kind == Barrier && uint64(r.element.Time) >= checkpoint:
			batches = append(batches, ahead[c]...)
			awaited[c] = false
		}
	}
	return batches
}

// Restore puts batches in front of all that waits, in their order.
func (g *Gate) Restore(batches []Queued) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]received, 0, len(batches)+g.n)
	for _, q := range batches {
		e := Element{Batch: q.Batch, Bytes: q.Batch.Bytes()}
		q.Channel.hold(e, 1)
		all = append(all, received{q.Channel, e})
	}
	g.prepend(all)
}

// Overtake makes the barrier of a checkpoint, which Control has sent, overtake the rows that wait at this end of the channels.
// save is called with the rows of each that has some, by the channel's index: see Overtaker.
func (w *Writer) Overtake(checkpoint uint64, save func(channel int, frames []byte)) {
	for i, c := range w.channels {
		if o, ok := c.(Overtaker); ok {
			o.Overtake(checkpoint, func(frames []byte) { save(i, frames) })
		}
	}
}

// Departs is how many channels the barrier of a checkpoint, which Control has sent, has not left yet; f is called for each
// of them: see Overtaker.
func (w *Writer) Departs(checkpoint uint64, f func()) (n int) {
	for _, c := range w.channels {
		if o, ok := c.(Overtaker); ok && o.Departs(checkpoint, f) {
			n++
		}
	}
	return n
}
