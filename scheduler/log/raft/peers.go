package raft

import "sync"

// peers is what a leader knows of the others: who does not answer its heartbeats. Raft's goroutines tell it.
type peers struct {
	mu    sync.Mutex
	quiet map[string]bool
}

func (p *peers) set(id string, quiet bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quiet == nil {
		p.quiet = map[string]bool{}
	}
	p.quiet[id] = quiet
}

func (p *peers) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = nil
}

func (p *peers) answers(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.quiet[id]
}
