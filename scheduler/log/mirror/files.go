package mirror

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/storage/filesystem"
)

// Place is where a cluster's mirror is.
type Place struct {
	FS filesystem.FileSystem
	// Dir is a directory of FS; clusters of different names share it.
	Dir, Cluster string
}

const (
	beginName      = "begin"
	membersName    = "members"
	snapshotSuffix = ".snapshot"
	factsSuffix    = ".facts"
)

func (p Place) generation(g uint64) string {
	return path.Join(p.Dir, p.Cluster, fmt.Sprintf("%08d", g))
}

func (p Place) begin(g uint64) string { return path.Join(p.generation(g), beginName) }

// member is the file of a member, whose name is an address: HDFS takes no colon.
func (p Place) member(g uint64, id string) string {
	return path.Join(p.generation(g), membersName, url.QueryEscape(id))
}

func (p Place) file(g, sequence uint64, suffix string) string {
	return path.Join(p.generation(g), fmt.Sprintf("%020d%s", sequence, suffix))
}

// generations returns those that have begun, ascending.
func (p Place) generations(ctx context.Context) ([]uint64, error) {
	infos, err := p.FS.List(ctx, path.Join(p.Dir, p.Cluster))
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mirror of cluster %s: %w", p.Cluster, err)
	}
	var all []uint64
	for _, i := range infos {
		if g, err := strconv.ParseUint(i.Name(), 10, 64); err == nil && i.IsDir {
			all = append(all, g)
		}
	}
	slices.Sort(all)
	return all, nil
}

type numbered struct {
	sequence uint64
	path     string
}

// files returns the files of a generation with a suffix by sequence.
func (p Place) files(ctx context.Context, g uint64, suffix string) ([]numbered, error) {
	infos, err := p.FS.List(ctx, p.generation(g))
	if err != nil {
		return nil, fmt.Errorf("mirror of cluster %s: %w", p.Cluster, err)
	}
	var all []numbered
	for _, i := range infos {
		if name, ok := strings.CutSuffix(i.Name(), suffix); ok {
			if n, err := strconv.ParseUint(name, 10, 64); err == nil {
				all = append(all, numbered{n, i.Path})
			}
		}
	}
	slices.SortFunc(all, func(a, b numbered) int { return cmp.Compare(a.sequence, b.sequence) })
	return all, nil
}

// A file is: CRC32C of the payload (4 bytes, little endian), payload.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// put creates a file whole. The error is ErrExist when there is one of that name.
func (p Place) put(ctx context.Context, name string, payload []byte) error {
	b := append(binary.LittleEndian.AppendUint32(nil, crc32.Checksum(payload, castagnoli)), payload...)
	w, err := filesystem.CreateAtomic(ctx, p.FS, name)
	if err != nil {
		return err
	}
	if _, err = w.Write(b); err == nil {
		err = w.Close()
	}
	return errors.Join(err, w.Abort())
}

// write creates a file. That it is there already with the same content is well: the answer to an earlier try was lost.
func (p Place) write(ctx context.Context, name string, payload []byte) error {
	err := p.put(ctx, name, payload)
	if errors.Is(err, filesystem.ErrExist) {
		if there, readErr := p.read(ctx, name); readErr == nil && bytes.Equal(there, payload) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("mirror of cluster %s: %w", p.Cluster, err)
	}
	return nil
}

func (p Place) read(ctx context.Context, name string) (payload []byte, err error) {
	f, err := p.FS.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("mirror of cluster %s: %w", p.Cluster, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("mirror of cluster %s: %w", p.Cluster, err)
	}
	if len(b) < 4 || crc32.Checksum(b[4:], castagnoli) != binary.LittleEndian.Uint32(b) {
		return nil, fmt.Errorf("mirror of cluster %s: %s is damaged: restore it from a backup, or remove it to go on from what came before it", p.Cluster, name)
	}
	return b[4:], nil
}

func (p Place) exists(ctx context.Context, name string) (bool, error) {
	_, err := p.FS.Stat(ctx, name)
	if errors.Is(err, filesystem.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ended tells whether a newer generation has begun.
func (p Place) ended(ctx context.Context, g uint64) error {
	newer, err := p.exists(ctx, p.begin(g+1))
	switch {
	case err != nil:
		return fmt.Errorf("look for a newer generation of cluster %s: %w", p.Cluster, err)
	case newer:
		return fmt.Errorf("%w: this is generation %d of cluster %s; started again, this JobManager joins the new one", log.ErrFenced, g, p.Cluster)
	}
	return nil
}
