package hdfs

import (
	"bytes"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/datanode/datanodetest"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

const readSize = 3*testBlockSize - 1234

// withFile has a file of some blocks at /f.
func withFile(t *testing.T, nodes int) *fakeHDFS {
	h := newFakeHDFS(t, nodes, nil)
	require.NoError(t, h.write(t.Context(), "/f", random(readSize)))
	return h
}

// A reader goes on at another replica, with fresh locations, with a fresh token.
func TestReaderGoesOn(t *testing.T) {
	data := random(readSize)
	for name, fault := range map[string]func(h *fakeHDFS){
		"damaged": func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Read: func(p []byte) []byte { p[len(p)-1] ^= 1; return p }})
		},
		"cut off": func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Read: func(p []byte) []byte { return p[:len(p)-1] }})
		},
		"two dead": func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Dead: true})
			h.Nodes[1].Set(datanodetest.Faults{Dead: true})
		},
		"token expires": func(h *fakeHDFS) {
			h.mu.Lock()
			h.token = "newer"
			h.mu.Unlock()
		},
		"block moves": func(h *fakeHDFS) {
			b := h.files["/f"].blocks[2]
			for _, n := range h.Nodes[:3] {
				n.Drop(b.GetB().GetBlockId())
			}
			asked := h.count("getBlockLocations")
			h.intercept = func(c *ipctest.Call) *ipctest.Answer {
				if c.Method == "getBlockLocations" && h.calls[c.Method] > asked+1 {
					h.Nodes[3].Put(b.GetB(), data[b.GetOffset():])
					b.Locs = []*wire.DatanodeInfo{h.Nodes[3].Info}
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := withFile(t, 4)
			f, err := h.fs.Open(t.Context(), "/f")
			require.NoError(t, err)
			first := make([]byte, 1000)
			_, err = io.ReadFull(f, first)
			require.NoError(t, err)
			fault(h)
			at := make([]byte, 1000)
			_, err = f.ReadAt(at, testBlockSize+3)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data[testBlockSize+3:][:1000], at))
			rest, err := io.ReadAll(f)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, append(first, rest...)))
			require.NoError(t, f.Close())
		})
	}
}

// DataNodes that have failed one file are asked for others, and for the same again when all have failed.
func TestDeadNodesAreForgotten(t *testing.T) {
	h := withFile(t, 3)
	f, err := h.fs.Open(t.Context(), "/f")
	require.NoError(t, err)
	for _, n := range h.Nodes {
		n.Set(datanodetest.Faults{Dead: true})
	}
	begin := h.clock.t
	_, err = f.ReadAt(make([]byte, 10), 0)
	require.ErrorIs(t, err, filesystem.ErrBusy)
	require.GreaterOrEqual(t, h.clock.t.Sub(begin), retryWindow)
	h.Nodes[2].Set(datanodetest.Faults{})
	got, err := io.ReadAll(f)
	require.NoError(t, err)
	require.True(t, bytes.Equal(random(readSize), got))
	require.NoError(t, f.Close())
}

func TestReplacedFile(t *testing.T) {
	h := withFile(t, 3)
	f, err := h.fs.Open(t.Context(), "/f")
	require.NoError(t, err)
	h.mu.Lock()
	delete(h.files, "/f")
	h.mu.Unlock()
	require.NoError(t, h.write(t.Context(), "/f", random(readSize+5)))
	_, err = f.ReadAt(make([]byte, 10), 2*testBlockSize) // its locations are not known yet
	require.ErrorIs(t, err, errReplaced)
}

func TestReadAtIsConcurrent(t *testing.T) {
	h := withFile(t, 3)
	f, err := h.fs.Open(t.Context(), "/f")
	require.NoError(t, err)
	data := random(readSize)
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 0))
			for range 30 {
				off := rng.IntN(readSize)
				p := make([]byte, 1+rng.IntN(2*testBlockSize))
				n, err := f.ReadAt(p, int64(off))
				if n < len(p) && err != io.EOF || !bytes.Equal(data[off:off+n], p[:n]) {
					panic(err)
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, f.Close())
	_, err = f.ReadAt(make([]byte, 1), 0)
	require.ErrorContains(t, err, "closed")
}

// Ranges that follow each other are fetched together, others are not.
func TestReadAhead(t *testing.T) {
	h := withFile(t, 1)
	f, err := h.fs.Open(t.Context(), "/f")
	require.NoError(t, err)
	var sent int
	h.Nodes[0].Set(datanodetest.Faults{Read: func(p []byte) []byte { sent += len(p); return p }})
	data := random(readSize)
	for off := 0; off < readSize; off += 1000 {
		p := make([]byte, min(1000, readSize-off))
		_, err := f.ReadAt(p, int64(off))
		require.NoError(t, err)
		require.True(t, bytes.Equal(data[off:off+len(p)], p))
	}
	require.Less(t, sent, readSize+readSize/20, "nothing is read twice")
	sent = 0
	for _, off := range []int64{500_000, 100_000, 300_000} {
		g, err := h.fs.Open(t.Context(), "/f")
		require.NoError(t, err)
		_, err = g.ReadAt(make([]byte, 100), off)
		require.NoError(t, err)
	}
	require.Less(t, sent, 3*4096)
	require.NoError(t, f.Close())
}

func TestMountTables(t *testing.T) {
	_, _, err := filesystem.For(t.Context(), "viewfs://cluster/data")
	require.ErrorContains(t, err, "mount tables (viewfs) are not supported")
}

func TestLocate(t *testing.T) {
	h := withFile(t, 4)
	parts, err := h.fs.Locate(t.Context(), "/f", 0, readSize)
	require.NoError(t, err)
	require.Len(t, parts, 2, "the fake has no more in one answer")
	require.Equal(t, filesystem.Located{Offset: testBlockSize, Length: testBlockSize, Hosts: []string{"dn1", "dn2", "dn3"}}, parts[1])
	_, err = h.fs.Locate(t.Context(), "/none", 0, 1)
	require.ErrorIs(t, err, filesystem.ErrNotExist)
}

func TestEncodedFilesAreNotRead(t *testing.T) {
	for want, change := range map[error]func(*wire.LocatedBlocks){
		errErasureCoded: func(l *wire.LocatedBlocks) { l.EcPolicy = &wire.ErasureCodingPolicy{} },
		errEncrypted:    func(l *wire.LocatedBlocks) { l.FileEncryption = &wire.FileEncryption{} },
	} {
		h := withFile(t, 1)
		h.intercept = func(c *ipctest.Call) *ipctest.Answer {
			if c.Method != "getBlockLocations" {
				return nil
			}
			m, err := h.locations(c)
			if err != nil {
				return nil
			}
			change(m.(*wire.GetBlockLocationsResponse).Locations)
			return &ipctest.Answer{Message: m}
		}
		_, err := h.fs.Open(t.Context(), "/f")
		require.ErrorIs(t, err, want)
	}
}
