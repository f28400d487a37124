package checkpoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/filesystem"
)

// MetadataName is the file that makes a directory a checkpoint.
const MetadataName = "_metadata"

// Metadata is stored behind its magic, version, checksum and length.
const (
	metadataMagic   = "LEATCP"
	metadataVersion = 1
	metadataHeader  = 16
)

// ErrNoCheckpoint says that a directory is no checkpoint.
var ErrNoCheckpoint = errors.New("no checkpoint or savepoint")

// ErrVersion says that a file was written by another version of Leat, in a format that this one does not read.
var ErrVersion = errors.New("use the version of Leat that wrote it, or a newer one")

// Operator returns what a checkpoint has of an operator, nil if nothing; that of a nil checkpoint is nil.
func (m *Metadata) Operator(uid string) *Operator {
	for _, o := range m.GetOperators() {
		if o.Uid == uid {
			return o
		}
	}
	return nil
}

// WriteMetadata makes dir a checkpoint. ErrExist (of package filesystem) if it is one already.
func WriteMetadata(ctx context.Context, fs filesystem.FileSystem, dir string, m *Metadata) error {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode metadata of checkpoint %d: %w", m.CheckpointId, err)
	}
	header := append([]byte(metadataMagic), metadataVersion, 0)
	header = binary.LittleEndian.AppendUint32(header, crc32.Checksum(body, castagnoli))
	header = binary.LittleEndian.AppendUint32(header, uint32(len(body)))
	name := path.Join(dir, MetadataName)
	w, err := filesystem.CreateAtomic(ctx, fs, name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = w.Write(append(header, body...))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, w.Abort()))
	}
	return nil
}

// StoredSize is the length of the file that WriteMetadata makes of m.
func (m *Metadata) StoredSize() int64 { return int64(metadataHeader + proto.Size(m)) }

// ReadMetadata reads what a checkpoint consists of. dir may also be the metadata file itself. ErrNoCheckpoint if there is
// none.
func ReadMetadata(ctx context.Context, fs filesystem.FileSystem, dir string) (*Metadata, error) {
	name := dir
	if path.Base(dir) != MetadataName {
		name = path.Join(dir, MetadataName)
	}
	f, err := fs.Open(ctx, name)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: it has no file %s", dir, ErrNoCheckpoint, MetadataName)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	m, err := decodeMetadata(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return m, nil
}

func decodeMetadata(data []byte) (*Metadata, error) {
	if len(data) < metadataHeader || string(data[:len(metadataMagic)]) != metadataMagic {
		return nil, fmt.Errorf("it is no metadata of a checkpoint: %w", ErrCorrupt)
	}
	if v := data[len(metadataMagic)]; v != metadataVersion {
		return nil, fmt.Errorf("its format has version %d, this program reads version %d: %w", v, metadataVersion, ErrVersion)
	}
	body := data[metadataHeader:]
	if int(binary.LittleEndian.Uint32(data[12:])) != len(body) || binary.LittleEndian.Uint32(data[8:]) != crc32.Checksum(body, castagnoli) {
		return nil, fmt.Errorf("its length or checksum is wrong: %w", ErrCorrupt)
	}
	m := new(Metadata)
	if err := proto.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return m, m.expand()
}
