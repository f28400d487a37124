package log

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	segmentSuffix  = ".log"
	snapshotSuffix = ".snapshot"
)

func segmentName(index uint64) string  { return fmt.Sprintf("%020d%s", index, segmentSuffix) }
func snapshotName(index uint64) string { return fmt.Sprintf("%020d%s", index, snapshotSuffix) }

// numbered returns the numbers of the files with that suffix, ascending.
func numbered(dir, suffix string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	var all []uint64
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), suffix); ok {
			if n, err := strconv.ParseUint(name, 10, 64); err == nil {
				all = append(all, n)
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

// recover brings the machine to the last entry and opens the last segment for appending.
func (f *File) recover() error {
	snapshots, err := numbered(f.opt.Dir, snapshotSuffix)
	if err != nil {
		return err
	}
	if n := len(snapshots); n > 0 {
		snapshot, term, err := readSnapshot(f.opt.Dir, snapshots[n-1])
		if err != nil {
			return err
		}
		if err := f.machine.Restore(snapshot); err != nil {
			return err
		}
		f.index, f.term = snapshots[n-1], term
	}
	segments, err := numbered(f.opt.Dir, segmentSuffix)
	if err != nil {
		return err
	}
	if len(segments) == 0 {
		return f.begin(f.index)
	}
	for i, first := range segments {
		if i+1 < len(segments) && segments[i+1] <= f.index {
			continue // the snapshot has all of it
		}
		if first > f.index {
			return fmt.Errorf("log in %s: entries %d to %d are missing: restore the directory from a backup, or begin a new generation from the mirror", f.opt.Dir, f.index+1, first)
		}
		if err := f.replay(first, i == len(segments)-1); err != nil {
			return err
		}
	}
	f.removeBefore(f.index)
	return nil
}

// replay applies the entries of a segment; the last one is then appended to.
func (f *File) replay(first uint64, last bool) error {
	name := filepath.Join(f.opt.Dir, segmentName(first))
	b, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	at := 0
	for at < len(b) {
		r, err := decodeRecord(b[at:])
		if errors.Is(err, errTorn) && last {
			break
		}
		if err == nil {
			err = f.take(r)
		}
		if err != nil {
			return fmt.Errorf("log %s at byte %d: %w: restore the file from a backup, or begin a new generation from the mirror", name, at, err)
		}
		at += r.size
	}
	if !last {
		return nil
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	f.segment = segment{f.opt.Wrap(file), int64(at)}
	if err := file.Truncate(int64(at)); err != nil {
		return fmt.Errorf("cut off the torn end of the log: %w", err)
	}
	return nil
}

func (f *File) take(r record) error {
	switch {
	case r.kind == recordTerm:
		term, err := decodeTerm(r.payload)
		f.term = max(f.term, term)
		return err
	case r.kind != recordEntry:
		return fmt.Errorf("kind %d: %w", r.kind, errDamaged)
	case r.index <= f.index:
		return nil
	case r.index > f.index+1:
		return fmt.Errorf("entry %d follows entry %d: %w", r.index, f.index, errDamaged)
	}
	f.index = r.index
	_, err := f.machine.Apply(r.index, r.payload)
	return err
}

// removeBefore removes what the snapshot at index makes superfluous. What cannot be removed now is removed another time.
func (f *File) removeBefore(index uint64) {
	snapshots, _ := numbered(f.opt.Dir, snapshotSuffix)
	if len(snapshots) == 0 {
		return
	}
	newest := snapshots[len(snapshots)-1]
	for _, n := range snapshots[:len(snapshots)-1] {
		_ = os.Remove(filepath.Join(f.opt.Dir, snapshotName(n)))
	}
	segments, _ := numbered(f.opt.Dir, segmentSuffix)
	for i := 0; i+1 < len(segments) && segments[i+1] <= min(newest, index); i++ {
		_ = os.Remove(filepath.Join(f.opt.Dir, segmentName(segments[i])))
	}
}

// A snapshot file is: term (8 bytes), CRC32C of term and payload (4), payload.
const snapshotHeader = 12

func writeSnapshot(dir string, index, term uint64, payload []byte) error {
	b := binary.LittleEndian.AppendUint64(nil, term)
	sum := crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, payload)
	b = append(binary.LittleEndian.AppendUint32(b, sum), payload...)
	temporary := filepath.Join(dir, "snapshot.tmp")
	if err := writeSynced(temporary, b); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, snapshotName(index))); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	return syncDir(dir)
}

func writeSynced(name string, b []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(b); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func readSnapshot(dir string, index uint64) (payload []byte, term uint64, err error) {
	name := filepath.Join(dir, snapshotName(index))
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, 0, fmt.Errorf("read a snapshot: %w", err)
	}
	if len(b) < snapshotHeader || crc32.Update(crc32.Checksum(b[:8], castagnoli), castagnoli, b[snapshotHeader:]) != binary.LittleEndian.Uint32(b[8:]) {
		return nil, 0, fmt.Errorf("snapshot %s is damaged: restore it from a backup, or begin a new generation from the mirror", name)
	}
	return b[snapshotHeader:], binary.LittleEndian.Uint64(b), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the log's directory: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
