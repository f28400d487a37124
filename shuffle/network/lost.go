package network

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/shuffle/wire"
)

// LostError says that channels have ended before their End: the connection that they were on was lost or damaged, or
// their producer has failed.
type LostError struct {
	// Worker is the worker at the other end.
	Worker string
	// Channels are the unfinished channels of this worker on that connection, whichever end it has of them.
	Channels []wire.Channel
	// Producers are the attempts that must run again for the channels to be read to their end.
	Producers []wire.Task
	Err       error
	seen      map[wire.Task]bool
}

// add notes a channel and its producers.
func (e *LostError) add(id wire.Channel, producers ...wire.Task) {
	e.Channels = append(e.Channels, id)
	if e.seen == nil {
		e.seen = map[wire.Task]bool{}
	}
	for _, p := range producers {
		if !e.seen[p] {
			e.seen[p] = true
			e.Producers = append(e.Producers, p)
		}
	}
}

// lostChannel is the error of one channel.
func lostChannel(worker string, err error, id wire.Channel, producers ...wire.Task) *LostError {
	e := &LostError{Worker: worker, Err: err}
	e.add(id, producers...)
	return e
}

// Error names the worker, the producers and the cause.
func (e *LostError) Error() string {
	all := e.Producers
	var names []string
	for _, p := range all[:min(len(all), 5)] {
		names = append(names, p.String())
	}
	if len(all) > 5 {
		names = append(names, fmt.Sprintf("%d more", len(all)-5))
	}
	return fmt.Sprintf("rows exchanged with worker %s are lost: %v: to be produced again by %s", e.Worker, e.Err, strings.Join(names, ", "))
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }
