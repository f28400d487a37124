package file

import (
	"context"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/sink"
)

// Committable is a finished hidden file and the name that it is to have, of a sink that writes files in a way of its own. Both names are
// empty for a sub-task without output.
type Committable struct {
	// Whole tells that the sub-task's output is committed at once, as in BATCH.
	Whole          bool
	Hidden, Target string
}

// Encode makes bytes of it, which the committer reads.
func (c Committable) Encode() sink.Committable {
	return committable{c.Whole, c.Hidden, c.Target}.encode()
}

// NewCommitter returns a committer of files below dir whose names begin with prefix, hidden by HiddenFor. Before it commits it calls
// replace, if that is not nil, to remove what the files replace; it does so again when it commits again.
func NewCommitter(fs filesystem.FileSystem, dir, prefix string, replace func(ctx context.Context, files []Committable) error) sink.Committer {
	c := &committer{fs: fs, dir: dir, prefix: prefix}
	if replace != nil {
		c.before = func(ctx context.Context, files []committable) error {
			all := make([]Committable, len(files))
			for i, f := range files {
				all[i] = Committable{f.whole, f.hidden, f.target}
			}
			return replace(ctx, all)
		}
	}
	return c
}

// HiddenFor is a fresh name under which a job writes a file that is to have the name target.
func HiddenFor(jobID, target string) string {
	return filesystem.HiddenName(strings.TrimSuffix(target+ownedBy(jobID), "."))
}
