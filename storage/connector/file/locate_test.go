package file

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/memfs"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// blocks is a file system whose files lie in blocks of 1000 bytes.
type blocks struct {
	filesystem.FileSystem
	asked int
}

func (b *blocks) Locate(_ context.Context, _ string, offset, length int64) (parts []filesystem.Located, err error) {
	b.asked++
	for at, hosts := offset, []string{"a", "b", "c"}; at < offset+length; at, hosts = at+1000, hosts[1:] {
		parts = append(parts, filesystem.Located{Offset: at, Length: 1000, Hosts: hosts})
	}
	return parts, nil
}

// Splits of a large file say which host has them; for a small one nobody is asked.
func TestSplitsSayWhereTheyAre(t *testing.T) {
	fs := &blocks{FileSystem: memfs.New(time.Now)}
	faulty.Store("blocks", filesystem.FileSystem(fs))
	write(t, "faulty://blocks/in/large.txt", strings.Repeat("line\n", 500))
	write(t, "faulty://blocks/in/small.txt", strings.Repeat("line\n", 100))
	s, err := NewSource([]string{"faulty://blocks/in"}, format.Text{}, SourceOptions{SplitSize: 500})
	require.NoError(t, err)
	e, err := s.NewEnumerator(t.Context(), 1)
	require.NoError(t, err)
	splits, err := e.Next(t.Context())
	require.Equal(t, source.ErrDone, err)
	var hosts []string
	for _, split := range splits {
		hosts = append(hosts, split.Host)
	}
	require.Equal(t, []string{"a", "a", "b", "b", "c", ""}, hosts)
	require.Equal(t, 1, fs.asked)
}
