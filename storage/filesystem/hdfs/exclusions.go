package hdfs

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

const (
	exclusion = 10 * time.Minute // from blocks of the file that a DataNode has failed
	suspicion = time.Minute      // from blocks of all files of the process: NameNodes need minutes to find out
)

// exclusions are DataNodes that are not to get blocks for a while. It is safe for concurrent use.
type exclusions struct {
	mu    sync.Mutex
	nodes map[string]excluded // by their ids
}

type excluded struct {
	node  *wire.DatanodeInfo
	until time.Time
}

func (e *exclusions) add(n *wire.DatanodeInfo, until time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.nodes == nil {
		e.nodes = map[string]excluded{}
	}
	e.nodes[n.GetId().GetDatanodeUuid()] = excluded{n, until}
}

func (e *exclusions) list(now time.Time) (nodes []*wire.DatanodeInfo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, x := range e.nodes {
		if now.After(x.until) {
			delete(e.nodes, id)
			continue
		}
		nodes = append(nodes, x.node)
	}
	return nodes
}

// is tells whether a DataNode is the given one.
func is(n *wire.DatanodeInfo) func(*wire.DatanodeInfo) bool {
	return func(o *wire.DatanodeInfo) bool { return o.GetId().GetDatanodeUuid() == n.GetId().GetDatanodeUuid() }
}

// exclude keeps the DataNode of a pipeline that has failed from getting blocks of this file, and those of others as far as
// there are enough without it.
func (w *writer) exclude(b *wire.LocatedBlock, err error) {
	var failed *datanode.NodeError
	if !errors.As(err, &failed) || datanode.IsStale(err) || failed.Index >= len(b.GetLocs()) {
		return
	}
	node, now := b.GetLocs()[failed.Index], w.fs.client.clock.now()
	w.excluded.add(node, now.Add(exclusion))
	w.fs.client.suspects.add(node, now.Add(suspicion))
}

// isWithoutTarget tells whether the NameNode has found no DataNodes for a block, the excluded ones left out.
func isWithoutTarget(err error) bool {
	class, message, _ := exception(err)
	return class == "IOException" && strings.Contains(message, "could only be")
}
