package submission_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

// shared is a file system where something may happen when a file is renamed.
type shared struct {
	filesystem.FileSystem
	renamed func(from string)
}

func init() {
	filesystem.Register("shared", func(context.Context, *url.URL, filesystem.Options) (filesystem.FileSystem, error) {
		return &shared{memfs.New(time.Now), func(string) {}}, nil
	})
}

func (s *shared) Rename(ctx context.Context, from, to string) error {
	err := s.FileSystem.Rename(ctx, from, to)
	s.renamed(from)
	return err
}

// Old files of the cache go, but for those that an application names, even if it was submitted while the cache was swept.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx, s := t.Context(), submission.Stage{Dir: "shared://" + filepath.Base(filepath.Dir(dir)) + "/user/alice"}
		const description = "application.json"
		require.NoError(t, s.Sweep(ctx, time.Now(), description), "there is none")
		put := func(content string) (digest string) {
			local := filepath.Join(dir, content)
			require.NoError(t, os.WriteFile(local, []byte(content), 0o600))
			f, err := s.File(ctx, local)
			require.NoError(t, err)
			return submission.Digest(f)
		}
		own := func(id, name, content string) {
			_, err := s.Own(ctx, id, name, strings.NewReader(content))
			require.NoError(t, err)
		}
		fs, within, err := filesystem.For(ctx, s.Cache())
		require.NoError(t, err)
		left := func() (names []string) {
			entries, err := fs.List(ctx, within)
			require.NoError(t, err)
			for _, e := range entries {
				names = append(names, e.Name())
			}
			return names
		}
		used, _, again, late := put("used"), put("unused"), put("again"), put("late")
		time.Sleep(8 * 24 * time.Hour)
		fresh := put("fresh")
		own("application_1_0001", description, used)
		own("application_1_0002", "config.yaml", "")
		require.NoError(t, s.Sweep(ctx, time.Now(), description))
		require.Len(t, left(), 5, "an application is being submitted")

		time.Sleep(25 * time.Hour)
		fs.(*shared).renamed = func(from string) {
			switch filepath.Base(from) {
			case late:
				own("application_1_0003", description, late)
			case again:
				own("application_1_0004", description, put("again"))
			}
		}
		require.NoError(t, s.Sweep(ctx, time.Now(), description))
		require.ElementsMatch(t, []string{used, again, late, fresh}, left())
		fs.(*shared).renamed = func(string) {}
		require.NoError(t, s.Remove(ctx, "application_1_0003"))
		require.NoError(t, s.Sweep(ctx, time.Now(), description))
		require.ElementsMatch(t, []string{used, again, fresh}, left())
	})
}
