package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs"
)

// filesJava is the baseline: the same with Hadoop's own client.
//
//go:embed Files.java
var filesJava []byte

var errNoHDFS = fmt.Errorf("%w: there is no HDFS; run scripts/hadoop/up.sh and set what it prints", errSkipped)

var hdfsWrite = benchmark{
	name: "hdfs-write", about: "one file of -mib to HDFS with one replica, beside Hadoop's FileSystem API; the start of processes does not count", unit: "bytes",
	prepare: func(*options) error { return requireHDFS() },
	cases: []benchCase{
		{name: "Hadoop", run: func(o *options) (int64, error) { return hadoop("write", o) }},
		{name: "Leat", run: func(o *options) (int64, error) { return ownHDFS(o, writeHDFS) }, target: "80 % of base"},
	},
}

var hdfsRead = benchmark{
	name: "hdfs-read", about: "one file of -mib from HDFS, beside Hadoop's FileSystem API; the start of processes does not count", unit: "bytes",
	prepare: func(o *options) error {
		if err := requireHDFS(); err != nil {
			return err
		}
		_, err := ownHDFS(o, writeHDFS)
		return err
	},
	cases: []benchCase{
		{name: "Hadoop", run: func(o *options) (int64, error) { return hadoop("read", o) }},
		{name: "Leat", run: func(o *options) (int64, error) { return ownHDFS(o, readHDFS) }, target: "80 % of base"},
		{name: "Leat, by blocks in parallel", run: func(o *options) (int64, error) { return ownHDFS(o, readBlocks) }},
	},
}

func requireHDFS() error {
	if os.Getenv("LEAT_TEST_HDFS") == "" || os.Getenv("LEAT_HADOOP_JARS") == "" {
		return errNoHDFS
	}
	return nil
}

func benchFile() string { return os.Getenv("LEAT_TEST_HDFS") + "/tmp/leat-bench/file" }

// hadoop runs Files.java.
func hadoop(what string, o *options) (int64, error) {
	dir, err := os.MkdirTemp(o.dir, "leat-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	source := filepath.Join(dir, "Files.java")
	if err := os.WriteFile(source, filesJava, 0o600); err != nil {
		return 0, err
	}
	jars := os.Getenv("HADOOP_CONF_DIR") + ":" + os.Getenv("LEAT_HADOOP_JARS") + "/*"
	out, err := exec.Command("java", "-Xmx512m", "-cp", jars, source, what, benchFile(), fmt.Sprint(o.mib)).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return 0, fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	if err != nil {
		return 0, err
	}
	var wall, cpu time.Duration
	if _, err := fmt.Sscan(string(out), &wall, &cpu); err != nil {
		return 0, fmt.Errorf("java said %q: %w", out, err)
	}
	return done(o, wall, cpu)
}

// done notes the figures of the work alone.
func done(o *options, wall, cpu time.Duration) (int64, error) {
	bytes := int64(o.mib) << 20
	perSecond = float64(bytes) / wall.Seconds()
	notes["CPU s of the work"] = fmt.Sprintf("%.2f", cpu.Seconds())
	return bytes, nil
}

// ownHDFS runs the same with our own client.
func ownHDFS(o *options, run func(fs filesystem.FileSystem, name string, mib int) error) (int64, error) {
	fs, name, err := filesystem.Open(context.Background(), benchFile(), filesystem.Options{Properties: map[string]string{"dfs.replication": "1"}})
	if err != nil {
		return 0, err
	}
	if err := run(fs, name, min(o.mib, 128)); err != nil { // as the baseline does
		return 0, err
	}
	begin, used := time.Now(), processTime()
	if err := run(fs, name, o.mib); err != nil {
		return 0, err
	}
	return done(o, time.Since(begin), processTime()-used)
}

func writeHDFS(fs filesystem.FileSystem, name string, mib int) error {
	buffer := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{}).Read(buffer) // never fails
	if err := fs.Remove(context.Background(), name); err != nil {
		return err
	}
	w, err := fs.Create(context.Background(), name)
	if err != nil {
		return err
	}
	for range mib {
		if _, err := w.Write(buffer); err != nil {
			return errors.Join(err, w.Abort())
		}
	}
	return w.Close()
}

func readHDFS(fs filesystem.FileSystem, name string, mib int) error {
	f, err := fs.Open(context.Background(), name)
	if err != nil {
		return err
	}
	buffer := make([]byte, 1<<20)
	for range mib {
		if _, err := io.ReadFull(f, buffer); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

// readBlocks reads each block by a goroutine of its own, with ReadAt.
func readBlocks(fs filesystem.FileSystem, name string, mib int) error {
	const block = 128
	f, err := fs.Open(context.Background(), name)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make([]error, (mib+block-1)/block)
	for i := range errs {
		group.Go(func() {
			buffer := make([]byte, 4<<20)
			for at := i * block; at < min((i+1)*block, mib) && errs[i] == nil; at += 4 {
				_, errs[i] = f.ReadAt(buffer[:min(4, mib-at)<<20], int64(at)<<20)
			}
		})
	}
	group.Wait()
	return errors.Join(append(errs, f.Close())...)
}
