package raft

import (
	"context"
	"log/slog"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// newLogger passes what the Raft library says on to slog.
func newLogger(to *slog.Logger) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "raft", Level: hclog.Info, Output: lines{to}, DisableTime: true})
}

// lines takes lines such as "[INFO]  raft: entering leader state: leader=...".
type lines struct{ to *slog.Logger }

// Write implements io.Writer.
func (w lines) Write(p []byte) (int, error) {
	level, message := slog.LevelInfo, strings.TrimSpace(string(p))
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
