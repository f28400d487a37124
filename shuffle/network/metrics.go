package network

import "sync/atomic"

// counters are the live figures of an Exchange.
type counters struct {
	bytesIn, bytesOut, framesIn, framesOut, writes atomic.Int64
	queued, unreturned                             atomic.Int64
	busy, starved                                  atomic.Int64
	connections                                    atomic.Int64
}

// Metrics is a snapshot of an Exchange's figures. Counters only grow.
type Metrics struct {
	BytesIn, BytesOut, FramesIn, FramesOut int64
	// Writes is the number of writes to connections; BytesOut / Writes is their mean size.
	Writes int64
	// Connections is the number of open connections.
	Connections int64
	// QueuedBytes wait to be written.
	QueuedBytes int64
	// OutPoolUsage is QueuedBytes as a part of the Exchange's share of the memory; more than 1 after overdrawing.
	OutPoolUsage float64
	// UnreadBytes have arrived and their credit has not been given back, because tasks have not received them.
	UnreadBytes int64
	// BackPressured is the number of channels that have something to send and no credit.
	BackPressured int64
}

// Metrics returns the figures of now.
func (x *Exchange) Metrics() Metrics {
	c := &x.stats
	return Metrics{BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(), FramesIn: c.framesIn.Load(), FramesOut: c.framesOut.Load(),
		Writes: c.writes.Load(), Connections: c.connections.Load(), QueuedBytes: c.queued.Load(),
		OutPoolUsage: float64(c.queued.Load()) / float64(x.opt.Memory.Share()), UnreadBytes: c.unreturned.Load(),
		BackPressured: c.starved.Load()}
}
