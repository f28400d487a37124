package nomad_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Twenty days in a session, of which one has no input: the command dies in the middle, a second one is refused meanwhile, the next
// runs the rest, and the one after that the day that has failed. Each day's partition is there whole, once, with what was written.
func TestBackfill(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	in, out := dir+"/in", dir+"/out"
	require.NoError(t, os.Mkdir(in, 0o755))
	day := func(n int) string { return fmt.Sprintf("2026-11-%02d", n) }
	input := func(n int, text string) { require.NoError(t, os.WriteFile(in+"/"+day(n), []byte(text), 0o644)) }
	for n := 1; n <= 20; n++ {
		if n != 7 {
			input(n, day(n)+"\n")
		}
	}
	started := leat(t, home, "nomad", "session", "-d", "-nm", "backfills", "-s", "4")
	require.Zero(t, started.code, started.err)
	t.Cleanup(func() {
		_, _, _ = client.Jobs().Deregister("leat-backfills", false, nil) // unless it has ended
	})
	backfill := func(flags ...string) []string {
		all := append([]string{"backfill", "--name", "daily", "--state", dir + "/state", "--every", "1d", "--tz", "UTC", "--parallel", "3"}, flags...)
		return append(all, "--", "run", "-t", "nomad-session", "-p", "1", binary(t, "daily"), "--date", "{{date}}", "--input", in, "--output", out)
	}
	november := backfill("--from", "2026-11-01", "--to", "2026-11-21")
	partitions := func() []string {
		all, err := filepath.Glob(out + "/dt=*")
		require.NoError(t, err)
		return all
	}
	first := command(t, home, november...)
	require.NoError(t, first.Start())
	until(t, "some days", func() bool { return len(partitions()) >= 4 })
	other := leat(t, home, november...)
	require.NoError(t, first.Process.Kill())
	_ = first.Wait() // it was killed
	require.Equal(t, 4, other.code, other.err)
	require.Contains(t, other.err, "the backfill runs already: process ")

	second := leat(t, home, november...)
	require.Equal(t, 6, second.code, second.err)
	require.Regexp(t, `^backfill daily: 20 intervals: \d+ succeeded, \d+ done before, 1 failed \(2026-11-07\), in [0-9.ms]+\n$`, second.out)
	require.Regexp(t, `(?m)^leat: 2026-11-07 failed with exit code 1: .*no such file`, second.err)
	require.Len(t, partitions(), 19)

	input(7, day(7)+"\n")
	third := leat(t, home, november...)
	require.Zero(t, third.code, third.err)
	require.Regexp(t, `^backfill daily: 20 intervals: 1 succeeded, 19 done before, in `, third.out)
	input(3, "corrected\n")
	again := leat(t, home, backfill("--from", day(3), "--to", day(4), "--again")...)
	require.Zero(t, again.code, again.err)
	require.Len(t, partitions(), 20)
	for n := 1; n <= 20; n++ {
		want := day(n) + "\n"
		if n == 3 {
			want = "corrected\n"
		}
		require.Equal(t, []string{want}, lines(t, out+"/dt="+day(n)))
		written, err := os.ReadFile(out + "/dt=" + day(n) + "/_written.json")
		require.NoError(t, err)
		require.Contains(t, string(written), `"name": "part-0-0"`)
	}
	stopped := leat(t, home, "nomad", "session", "--stop", "backfills")
	require.Zero(t, stopped.code, stopped.err)
	nothingLeft(t, client, home, "backfills")
}
