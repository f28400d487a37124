package hdfs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/namenode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

// prefetch is the range whose locations are asked for at once: ten blocks of the usual size, as Hadoop does.
const prefetch = 10 * 128 << 20

var errNoReplica = errors.New("no DataNode has the block")

// locations knows where the blocks of one open file lie, and which DataNodes have failed it. It is safe for concurrent use.
type locations struct {
	fs   *fileSystem
	path string
	size int64 // when the file was opened

	mu    sync.Mutex
	known []*wire.LocatedBlock // ordered by offset
	ids   map[uint64]uint64    // of all blocks that were ever known, by offset
	last  uint64               // the id of the last block; 0 if there is none
	dead  map[string]bool      // DataNodes by their ids, until all that have a block have failed
}

// locate asks for the first locations, and refuses what cannot be read.
func locate(ctx context.Context, fs *fileSystem, path string) (*locations, error) {
	l := &locations{fs: fs, path: path, ids: map[uint64]uint64{}, dead: map[string]bool{}}
	answer, err := l.ask(ctx, 0, prefetch)
	if err != nil {
		return nil, err
	}
	l.size = int64(answer.GetFileLength())
	if last := answer.GetLastBlock(); last != nil && answer.GetUnderConstruction() && !answer.GetIsLastBlockComplete() {
		l.size += int64(last.GetB().GetNumBytes()) // as far as its writer has told the NameNode
	}
	l.last = answer.GetLastBlock().GetB().GetBlockId()
	l.put(answer.GetBlocks())
	return l, nil
}

func (l *locations) ask(ctx context.Context, off, length int64) (answer *wire.LocatedBlocks, err error) {
	_, err = l.fs.client.call(ctx, func(nn *namenode.Client) (err error) {
		answer, err = nn.BlockLocations(ctx, l.path, off, length)
		return err
	})
	if errors.Is(err, os.ErrNotExist) {
		if info, statErr := l.fs.stat(ctx, l.path); statErr == nil && info.IsDir() {
			err = errIsDirectory
		}
	}
	switch {
	case err != nil:
		return nil, err
	case answer == nil:
		return nil, os.ErrNotExist
	case answer.GetEcPolicy() != nil:
		return nil, errErasureCoded
	case answer.GetFileEncryption() != nil:
		return nil, errEncrypted
	}
	return answer, nil
}

// Locate implements filesystem.Locator: the parts are blocks.
func (f *fileSystem) Locate(ctx context.Context, p string, offset, length int64) ([]filesystem.Located, error) {
	l := &locations{fs: f, path: clean(p)}
	answer, err := l.ask(ctx, offset, length)
	if err != nil {
		return nil, f.fail("open", p, belowFile(err, filesystem.ErrNotExist))
	}
	parts := make([]filesystem.Located, len(answer.GetBlocks()))
	for i, b := range answer.GetBlocks() {
		parts[i] = filesystem.Located{Offset: int64(b.GetOffset()), Length: int64(b.GetB().GetNumBytes())}
		for _, n := range b.GetLocs() {
			parts[i].Hosts = append(parts[i].Hosts, n.GetId().GetHostName())
		}
	}
	return parts, nil
}

// at returns the block that holds a byte of the file.
func (l *locations) at(ctx context.Context, off int64) (*wire.LocatedBlock, error) {
	if b := l.find(off); b != nil {
		return b, nil
	}
	answer, err := l.ask(ctx, off, prefetch)
	if err != nil {
		return nil, err
	}
	if err := l.take(answer); err != nil {
		return nil, err
	}
	if b := l.find(off); b != nil {
		return b, nil
	}
	return nil, errReplaced
}

func blockEnd(b *wire.LocatedBlock) int64 { return int64(b.GetOffset() + b.GetB().GetNumBytes()) }

func (l *locations) find(off int64) *wire.LocatedBlock {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, _ := slices.BinarySearchFunc(l.known, off, func(b *wire.LocatedBlock, off int64) int {
		if blockEnd(b) <= off {
			return -1
		}
		return 1
	})
	if i < len(l.known) && int64(l.known[i].GetOffset()) <= off {
		return l.known[i]
	}
	return nil
}

// take puts new locations in the place of old ones, if they are those of the same file: a file is known by its blocks.
func (l *locations) take(answer *wire.LocatedBlocks) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := answer.GetLastBlock().GetB().GetBlockId()
	same := last == 0 || l.last == 0 || last == l.last
	for _, b := range answer.GetBlocks() {
		if id, ok := l.ids[b.GetOffset()]; ok {
			same = id == b.GetB().GetBlockId()
			break
		}
	}
	if !same {
		return errReplaced
	}
	l.put(answer.GetBlocks())
	return nil
}

func (l *locations) put(blocks []*wire.LocatedBlock) {
	fresh := map[uint64]bool{}
	for _, b := range blocks {
		fresh[b.GetOffset()] = true
		l.ids[b.GetOffset()] = b.GetB().GetBlockId()
	}
	l.known = slices.DeleteFunc(l.known, func(b *wire.LocatedBlock) bool { return fresh[b.GetOffset()] })
	l.known = append(l.known, blocks...)
	slices.SortFunc(l.known, func(a, b *wire.LocatedBlock) int { return cmp.Compare(a.GetOffset(), b.GetOffset()) })
}

// read begins to read up to n bytes, those that lie in one block, at a DataNode that has not failed this file. When all have,
// their faults are forgotten and the next call asks for the locations again, and so it does when the token is not good any
// more.
func (l *locations) read(ctx context.Context, data *datanode.Client, off, n int64) (*datanode.BlockReader, error) {
	b, err := l.at(ctx, off)
	if err != nil {
		return nil, err
	}
	begin := int64(b.GetOffset())
	n = min(n, blockEnd(b)-off)
	err = fmt.Errorf("%w at byte %d", errNoReplica, begin)
	for _, node := range b.GetLocs() {
		if l.isDead(node) {
			continue
		}
		r, failed := data.Read(ctx, node, b, off-begin, n)
		if failed == nil {
			return r, nil
		}
		if ctxErr := ctx.Err(); ctxErr != nil {
			return nil, errors.Join(ctxErr, failed)
		}
		l.fs.client.log.Debug("hdfs: a replica cannot be read", "path", l.fs.url(l.path), "error", failed)
		err = failed
		if datanode.IsStale(failed) {
			break
		}
		l.bury(node)
	}
	l.forget(b)
	return nil, err
}

func (l *locations) isDead(n *wire.DatanodeInfo) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead[n.GetId().GetDatanodeUuid()]
}

// bury remembers that a DataNode has failed.
func (l *locations) bury(n *wire.DatanodeInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead[n.GetId().GetDatanodeUuid()] = true
}

func (l *locations) forget(b *wire.LocatedBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.dead)
	l.known = slices.DeleteFunc(l.known, func(k *wire.LocatedBlock) bool { return k == b })
}
