package raft

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// newLogger passes what the Raft library says on to slog.
func newLogger(to *slog.Logger) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "raft", Level: hclog.Info, Output: &lines{to: to, said: map[string]time.Time{}}, DisableTime: true})
}

// lines takes lines such as "[INFO]  raft: entering leader state: leader=...". hclog calls it under a lock.
type lines struct {
	to   *slog.Logger
	said map[string]time.Time // by text without what differs each time
}

const (
	// quiet is how long nothing is said again: Raft says several times a second that a member does not answer, or that there is no
	// majority.
	quiet = 10 * time.Second
	// remembered is how many different lines are remembered.
	remembered = 1000
)

// again tells whether something was said a short while ago.
func (w *lines) again(line string) bool {
	text, _, _ := strings.Cut(line, "error=")
	text, _, _ = strings.Cut(text, "backoff time=")
	now := time.Now()
	if now.Sub(w.said[text]) < quiet {
		return true
	}
	if len(w.said) >= remembered {
		clear(w.said)
	}
	w.said[text] = now
	return false
}

// Write implements io.Writer.
func (w *lines) Write(p []byte) (int, error) {
	level, message := slog.LevelInfo, strings.TrimSpace(string(p))
	if w.again(message) {
		return len(p), nil
	}
	if tag, rest, ok := strings.Cut(message, "]"); ok {
		message = strings.TrimSpace(rest)
		switch strings.TrimPrefix(tag, "[") {
		case "WARN":
			level = slog.LevelWarn
		case "ERROR":
			level = slog.LevelError
		}
	}
	w.to.Log(context.Background(), level, message)
	return len(p), nil
}
