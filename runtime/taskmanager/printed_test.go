//go:build unix

package taskmanager

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatWasPrintedBeforeIsThereAfterAFlush(t *testing.T) {
	var log bytes.Buffer
	p, theirs, err := newPrinted(&log)
	require.NoError(t, err)
	read := func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return log.String()
	}
	go p.run()
	var want strings.Builder
	for i := range 1000 {
		line := fmt.Sprintln(i, strings.Repeat("x", i))
		want.WriteString(line)
		_, err := theirs.WriteString(line)
		require.NoError(t, err)
		p.flush()
		require.Equal(t, want.Len(), len(read()), "line %d", i)
	}
	require.NoError(t, theirs.Close())
	<-p.done
	require.Equal(t, want.String(), read())
	require.NoError(t, p.in.Close())
	p.flush() // of one that is closed is nothing
}
