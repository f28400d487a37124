package rest

import (
	"bytes"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

func (s *Server) environment(*http.Request) (any, error) {
	return messages.Environment{JVM: messages.Process{Version: runtime.Version(), Arch: runtime.GOARCH, Options: []string{}}, Classpath: []string{}}, nil
}

// threadDump has a goroutine for each thread of Flink's.
func (s *Server) threadDump(*http.Request) (any, error) {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 2); err != nil {
		return nil, err
	}
	dump := messages.ThreadDump{Threads: []messages.Thread{}}
	for stack := range strings.SplitSeq(strings.TrimSpace(b.String()), "\n\n") {
		name, _, _ := strings.Cut(stack, "\n")
		dump.Threads = append(dump.Threads, messages.Thread{Name: strings.TrimSuffix(name, ":"), Stack: stack})
	}
	return dump, nil
}
