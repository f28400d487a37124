package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// TestFullDisk gives spilling, and then the output, a disk of a megabyte.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "1m").Dir
	t.Run("while spilling", func(t *testing.T) {
		folder := t.TempDir()
		t.Setenv("LEAT_IO_TMP_DIRS", disk)
		got := runProcess(t, link(t, "sorts"), folder+"/out")
		require.Equal(t, 1, got.code, got.err)
		requireInOrder(t, got.err, []string{"spill directory " + disk + " is full", "no space left on device", "free space there", "io.tmp.dirs"})
		require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
		require.Empty(t, files(t, folder))
		require.Empty(t, files(t, disk))
	})
	t.Run("output", func(t *testing.T) {
		got := runProcess(t, link(t, "sorts"), disk+"/out")
		require.Equal(t, 1, got.code, got.err)
		requireInOrder(t, got.err, []string{"Sink: Text", disk + "/out", "no space left on device", "free space"})
		require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
		require.Empty(t, files(t, disk))
	})
}

// TestCheckpointsOnAFullDisk lets checkpoints fail for a while, which the job survives: output waits, and is exact.
func TestCheckpointsOnAFullDisk(t *testing.T) {
	disk := smallDisk(t, "4m")
	c := startCluster(t, 2, 1)
	counts := counting{t, filepath.Join(c.dir, "counts"), 20_000, 100}
	flags := append(append(checkpointing(disk.Dir), "-D", "execution.checkpointing.tolerable-failed-checkpoints=100000", "-p", "2", "-d", command(t, "exactly"),
		"-rate", "2000"), counts.flags()...)
	out, err := c.leat("run", flags...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	job := jobID.FindString(string(out))
	c.awaitCheckpoints(job, 2)
	disk.Fill(t)
	var failed messages.Checkpoints
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		failed, err = client.Checkpoints(t.Context(), job)
		return err == nil && failed.Counts.Failed > 0
	}, patience, 20*time.Millisecond)
	require.Contains(t, failed.Latest.Failed.FailureMessage, "no space left")
	disk.Empty(t)
	c.awaitCheckpoints(job, failed.Counts.Completed+1)
	require.Eventually(t, func() bool {
		status, err := client.Status(t.Context(), job)
		return err == nil && status == "FINISHED"
	}, patience, 50*time.Millisecond)
	counts.isExact()
}

// smallDisk is a disk of a size.
func smallDisk(t *testing.T, size string) *processes.Disk {
	t.Helper()
	disk, err := processes.NewDisk(t, t.TempDir(), size)
	if err != nil {
		t.Skip(err)
	}
	return disk
}

// TestFullDiskOfALeader fills the disk of the leader's own folder: it steps down and leads again only when there is space.
func TestFullDiskOfALeader(t *testing.T) {
	r := newReplicas(t)
	disks := map[*member]*processes.Disk{}
	for _, m := range r.members {
		disks[m] = smallDisk(t, "128m")
		m.state = disks[m].Dir
	}
	r.base = []string{"-D", "web.upload.dir=" + filepath.Join(r.dir, "uploads")}
	r.configure()
	r.startAll(1)
	full := r.leader()
	ids := map[string]bool{r.runDetached(command(t, "ticks"), filepath.Join(r.dir, "ticks")): true} // it keeps the program from now on
	disks[full].Fill(t)
	leads := func(m *member) int { return strings.Count(m.Text(), "msg=leading") }
	began := leads(full)
	for range 5 {
		ids[r.runDetached(command(t, "ticks"), filepath.Join(r.dir, "ticks"))] = true
		disks[full].Fill(t)
	}
	require.NotEqual(t, full, r.leader(), "it cannot take entries")
	full.Says(t, "leadership lost")
	require.Contains(t, full.Text(), "no space left")
	require.Equal(t, began, leads(full))
	all, err := r.client.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, len(ids), "each was taken once")

	disks[full].Empty(t)
	for _, m := range r.others(full) {
		m.Kill()
		r.start(m)
	}
	require.Eventually(t, func() bool {
		o, err := r.client.Members(t.Context())
		answer := 0
		for _, m := range o.Members {
			if m.Answers {
				answer++
			}
		}
		return err == nil && answer == 3
	}, patience, 50*time.Millisecond)
	again, err := r.client.List(t.Context())
	require.NoError(t, err)
	require.Len(t, again, len(ids))
}
