package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs"
)

// useHDFS has storage on HDFS, if it is to be there, and returns the ports of its daemons.
func (c *cluster) useHDFS() (ports []int) {
	if !*onHDFS {
		return nil
	}
	root, dir := os.Getenv("LEAT_TEST_HDFS"), os.Getenv("LEAT_HADOOP_DIR")
	require.NotEmpty(c.t, root, "-hdfs needs LEAT_TEST_HDFS: eval \"$(scripts/hadoop/up.sh)\"")
	c.storage = fmt.Sprintf("%s/chaos-%d-%d", root, *seed, time.Now().UnixNano())
	c.hdfs = &processes.Daemons{Script: "../../scripts/hadoop/up.sh", Dir: dir}
	_, text, ok := strings.Cut(root, "localhost:")
	require.True(c.t, ok, "LEAT_TEST_HDFS is one NameNode of scripts/hadoop/up.sh: %s", root)
	port, err := strconv.Atoi(text)
	require.NoError(c.t, err)
	ports = append(ports, port)
	for i := range c.hdfs.Names("dn") {
		ports = append(ports, port+10+3*i) // as up.sh has them
	}
	return ports
}

// hdfsFaults are those of HDFS, if it is used.
func (c *cluster) hdfsFaults() []fault {
	if c.hdfs == nil {
		return nil
	}
	restart := func(prefix string) func(*cluster, *rand.Rand) string {
		return func(c *cluster, rng *rand.Rand) string {
			return restartDaemon(c, *c.hdfs, pick(rng, c.hdfs.Names(prefix)), span(rng, 4*time.Second))
		}
	}
	return []fault{{"kill the NameNode", 2, restart("nn")}, {"kill a DataNode", 3, restart("dn")}}
}

// restartDaemon kills a daemon and starts it again after a time.
func restartDaemon(c *cluster, all processes.Daemons, name string, after time.Duration) string {
	require.NoError(c.t, all.Kill(name))
	time.Sleep(after)
	require.NoError(c.t, all.Up())
	return fmt.Sprintf("%s, %v", name, after)
}

// list is what is in a folder of the storage, nothing if that is not there.
func (c *cluster) list(dir string) ([]filesystem.FileInfo, error) {
	fs, within, err := filesystem.For(c.t.Context(), c.storage+"/"+dir)
	if err != nil {
		return nil, err
	}
	infos, err := fs.List(c.t.Context(), within)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, nil
	}
	return infos, err
}

// latest is the number of the job's latest checkpoint, 0 if there is none or the storage does not answer.
func (c *cluster) latest() (n int) {
	folders, err := c.list("checkpoints/" + c.job)
	if err != nil {
		return 0
	}
	for _, f := range folders {
		name := f.Name()
		id, err := strconv.Atoi(strings.TrimPrefix(name, "chk-"))
		if err != nil || id <= n {
			continue
		}
		files, err := c.list("checkpoints/" + c.job + "/" + name)
		if err != nil {
			return 0
		}
		for _, file := range files {
			if file.Name() == "_metadata" {
				n = id
			}
		}
	}
	return n
}

// awaitCheckpoint waits until there is a later checkpoint than that of a number, or the job has ended, and returns the latest.
func (c *cluster) awaitCheckpoint(before int) (now int) {
	completed := assert.Eventually(c.t, func() bool {
		now = c.latest()
		return now > before || ended(c.state())
	}, patience, 100*time.Millisecond, "no checkpoint is completed")
	if !completed {
		c.t.Fatalf("the job is %s: %s", c.state(), c.cause())
	}
	return now
}

var savepoint = regexp.MustCompile(`(\w+:)?/\S*savepoint-\S+`)

// rescale stops the job with a savepoint and starts it from there with another parallelism and rate. It says what came of it.
func (c *cluster) rescale(parallelism int, rate int64) (said string, ok bool) {
	out, err := c.try("stop", "-p", c.storage+"/savepoints", c.job)
	if err != nil {
		return "refused: " + out, false
	}
	place := savepoint.FindString(out)
	require.NotEmpty(c.t, place, out)
	c.submit(parallelism, rate, "-s", place)
	return fmt.Sprintf("to %d from %s", parallelism, filepath.Base(place)), true
}

// lines are those of all files below a folder of the storage, among which none may be hidden or unfinished.
func (c *cluster) lines(dir string) (all []string) {
	infos, err := c.list(dir)
	require.NoError(c.t, err)
	for _, info := range infos {
		name := info.Name()
		if info.IsDir {
			all = append(all, c.lines(dir+"/"+name)...)
			continue
		}
		require.True(c.t, strings.HasPrefix(name, "part-"), "%s is left over", info.Path)
		fs, within, err := filesystem.For(c.t.Context(), c.storage+"/"+dir+"/"+name)
		require.NoError(c.t, err)
		f, err := fs.Open(c.t.Context(), within)
		require.NoError(c.t, err)
		in := bufio.NewScanner(f)
		for in.Scan() {
			all = append(all, in.Text())
		}
		require.NoError(c.t, in.Err())
		require.NoError(c.t, f.Close())
	}
	return all
}
