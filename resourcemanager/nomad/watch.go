package nomad

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/hashicorp/nomad/api"
)

// topics are what a Provider hears of: all of the namespace, since Nomad cannot tell whose children jobs are.
var topics = map[api.Topic][]string{api.TopicAllocation: {"*"}, api.TopicEvaluation: {"*"}, api.TopicJob: {"*"}}

// watching begins to hear of Nomad.
func (p *Provider) watching() {
	p.running.Go(func() {
		var index uint64 // of the last event
		var wait time.Duration
		for {
			heard, err := p.follow(&index)
			if p.ctx.Err() != nil {
				return
			}
			if heard {
				wait = 0
			}
			p.opt.Logger.Warn("nomad: the event stream has broken off; it is opened again", "index", index, "error", Said(err))
			if !p.pause(&wait) {
				return
			}
		}
	})
}

// follow compares once and then reads the event stream until it breaks off, which it always does. It goes on behind the last
// event; the comparison makes up for events that Nomad has forgotten meanwhile. heard tells whether there was one.
func (p *Provider) follow(index *uint64) (heard bool, err error) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	listed, err := p.compare(ctx, false)
	if err != nil {
		return false, err
	}
	from := listed
	if *index > 0 {
		from = *index + 1
	}
	stream, err := p.subscribe(ctx, from)
	if err != nil {
		return false, err
	}
	again := time.NewTicker(p.opt.Compare)
	defer again.Stop()
	for {
		select {
		case events, ok := <-stream:
			if !ok {
				return heard, io.ErrUnexpectedEOF
			}
			if events.Err != nil {
				return heard, events.Err
			}
			p.handleAll(ctx, events.Events)
			*index, heard = max(*index, events.Index), true
		case <-again.C:
			if _, err := p.compare(ctx, false); err != nil {
				p.opt.Logger.Warn("nomad: the list of workers could not be had", "error", Said(err))
			}
		case <-ctx.Done():
			return heard, ctx.Err()
		}
	}
}

// handleAll takes in events. What one that cannot be read was about is looked up.
func (p *Provider) handleAll(ctx context.Context, events []api.Event) {
	for i := range events {
		err := p.handle(ctx, &events[i])
		if err == nil {
			continue
		}
		p.opt.Logger.Warn("nomad: an event cannot be read", "topic", events[i].Topic, "index", events[i].Index, "error", err)
		if _, err := p.compare(ctx, false); err != nil {
			p.opt.Logger.Warn("nomad: the list of workers could not be had", "error", Said(err))
		}
	}
}

// handle takes in one event.
func (p *Provider) handle(ctx context.Context, e *api.Event) error {
	switch e.Topic {
	case api.TopicNode:
		if e.Type == "NodeDrain" {
			n, err := e.Node()
			if err != nil || n == nil {
				return cmp.Or(err, errors.New("a node event without a node"))
			}
			p.drains(ctx, n)
		}
	case api.TopicAllocation:
		if p.mine(e, "Allocation") {
			a, err := e.Allocation()
			if err != nil || a == nil {
				return cmp.Or(err, errors.New("an allocation event without an allocation"))
			}
			a.Job = nil
			p.allocation(a.Stub())
		}
	case api.TopicEvaluation:
		if p.mine(e, "Evaluation") {
			v, err := e.Evaluation()
			if err != nil || v == nil {
				return cmp.Or(err, errors.New("an evaluation event without an evaluation"))
			}
			p.evaluation(v)
		}
	case api.TopicJob:
		if e.Type == "JobDeregistered" || e.Type == "JobBatchDeregistered" {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.ended(e.Key, "worker was stopped in Nomad: somebody has stopped its job "+e.Key, false)
		}
	}
	return nil
}

// mine tells whether an event is about a worker of this Provider, before all of it is decoded.
func (p *Provider) mine(e *api.Event, kind string) bool {
	fields, _ := e.Payload[kind].(map[string]any)
	child, _ := fields["JobID"].(string)
	name, ok := workerOf(child)
	if !ok {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// The event of a worker may come before the answer to its dispatch.
	if w := p.workers[name]; w != nil && w.child == "" && p.jobOf(w, child) {
		p.known(w, child, e.Index)
	}
	_, ok = p.children[child]
	return ok
}

// jobOf tells whether a job was dispatched for a worker.
func (p *Provider) jobOf(w *worker, child string) bool {
	begin := p.opt.Spec.JobID(w.Size) + api.JobDispatchLaunchSuffix
	return len(child) > len(begin) && child[:len(begin)] == begin
}

// allocation takes in the state of a worker's allocation.
func (p *Provider) allocation(a *api.AllocationListStub) {
	cause, ended := Explain(a, p.opt.MemoryKey)
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.workers[p.children[a.JobID]]
	switch {
	case w == nil:
	case ended:
		alone := a.ClientStatus == api.AllocClientStatusFailed || a.ClientStatus == api.AllocClientStatusComplete
		p.ended(a.JobID, cause, w.cause != "" || !alone || a.DesiredStatus != api.AllocDesiredStatusRun)
	case cause != "" && w.cause == "": // Nomad has begun to stop it, and would put another in its place
		w.cause = cause
		p.opt.Logger.Warn("nomad: a worker is being stopped", "worker", w.Name, "cause", cause)
		p.discard(a.JobID)
	}
}

// unplaced is what was last said of workers that Nomad has no room for.
type unplaced struct {
	text string
	at   time.Time
}

// evaluation tells why a worker waits, twice a minute at most while nothing changes.
func (p *Provider) evaluation(v *api.Evaluation) {
	text := Unplaced(v.FailedTGAllocs)
	if text == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); text != p.unplaced.text || now.Sub(p.unplaced.at) >= 30*time.Second {
		p.unplaced = unplaced{text, now}
		p.opt.Logger.Warn("nomad: a worker waits for room", "worker", p.children[v.JobID], "why", text)
	}
}
