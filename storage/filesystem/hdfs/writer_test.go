package hdfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/datanode/datanodetest"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

func (h *fakeHDFS) write(ctx context.Context, p string, data []byte) error {
	w, err := h.fs.Create(ctx, p)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Close()
}

func (h *fakeHDFS) read(ctx context.Context, p string) ([]byte, error) {
	f, err := h.fs.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	return data, errors.Join(err, f.Close())
}

// checkFile reads a file and looks at all replicas of its blocks.
func (h *fakeHDFS) checkFile(t require.TestingT, p string, want []byte) {
	h.mu.Lock()
	f := h.files[p]
	require.True(t, f.complete)
	left := want
	for _, b := range f.blocks {
		n := b.GetB().GetNumBytes()
		for _, at := range b.GetLocs() {
			for _, node := range h.Nodes {
				if node.Info.GetId().GetDatanodeUuid() == at.GetId().GetDatanodeUuid() {
					got, ok := node.Replica(b.GetB())
					require.True(t, ok, "block %d at %s", b.GetB().GetBlockId(), at.GetId().GetIpAddr())
					require.True(t, bytes.Equal(left[:n], got), "block %d at %s", b.GetB().GetBlockId(), at.GetId().GetIpAddr())
				}
			}
		}
		left = left[n:]
	}
	h.mu.Unlock()
	require.Empty(t, left)
}

func TestFilesOfManyBlocks(t *testing.T) {
	h := newFakeHDFS(t, 3, conf.Conf{"dfs.blocksize": "128k", "dfs.replication": "3"})
	for i, size := range []int{0, 1, 128 << 10, 128<<10 + 1, 700_000} {
		p := fmt.Sprint("/f", i)
		require.NoError(t, h.write(t.Context(), p, random(size)))
		h.checkFile(t, p, random(size))
		got, err := h.read(t.Context(), p)
		require.NoError(t, err)
		require.True(t, bytes.Equal(random(size), got))
	}
	require.Zero(t, h.count("updateBlockForPipeline"), "all is well")
	err := newFakeHDFS(t, 1, conf.Conf{"dfs.blocksize": "big"}).write(t.Context(), "/f", nil)
	require.ErrorContains(t, err, `dfs.blocksize is "big"; write a number, such as 134217728 or 128m`)
}

// atPacket is what happens when a packet comes, once.
func atPacket(seqno int64, f func() error) func(int64) error {
	var done atomic.Bool
	return func(n int64) error {
		if n != seqno || done.Swap(true) {
			return nil
		}
		return f()
	}
}

// A DataNode that fails while a block is written: the others go on, with another in its place if there are too few.
func TestPipelineRecovery(t *testing.T) {
	const size = 3*testBlockSize - 100
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		nodes  int
		fail   func(h *fakeHDFS)
		asks   int // for additional DataNodes
		stamps int // at least
	}{
		"first breaks": {3, func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Packet: atPacket(2, func() error { return broken })})
		}, 0, 1},
		"second dies": {3, func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Packet: atPacket(2, func() error { h.Nodes[1].Set(datanodetest.Faults{Dead: true}); return nil })})
		}, 0, 1},
		"two die": {4, func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Packet: atPacket(2, func() error {
				h.Nodes[1].Set(datanodetest.Faults{Dead: true})
				h.Nodes[2].Set(datanodetest.Faults{Dead: true})
				return nil
			})})
		}, 1, 2},
		"last acknowledgement is lost": {3, func(h *fakeHDFS) {
			var lost atomic.Bool
			h.Nodes[0].Set(datanodetest.Faults{Ack: func(seqno int64, s []wire.Status) []wire.Status {
				if seqno == testBlockSize/datanode.PacketSize && !lost.Swap(true) {
					return nil
				}
				return s
			}})
		}, 0, 1},
		"checksum of the third": {3, func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Ack: func(seqno int64, s []wire.Status) []wire.Status {
				if seqno == 1 && len(s) == 3 {
					s[2] = wire.Status_ERROR_CHECKSUM
				}
				return s
			}})
		}, 0, 1},
		"token is old": {3, func(h *fakeHDFS) {
			h.Nodes[0].Set(datanodetest.Faults{Packet: atPacket(2, func() error { return broken })})
			var refused atomic.Bool
			h.Nodes[1].Set(datanodetest.Faults{Refuse: func(op byte, _ *wire.Block) *wire.BlockOpResponse {
				if refused.Swap(true) {
					return nil
				}
				return &wire.BlockOpResponse{Status: wire.Status_ERROR_ACCESS_TOKEN.Enum()}
			}})
		}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFakeHDFS(t, tc.nodes, nil)
			tc.fail(h)
			require.NoError(t, h.write(t.Context(), "/f", random(size)))
			h.checkFile(t, "/f", random(size))
			require.Equal(t, tc.asks, h.count("getAdditionalDatanode"))
			require.GreaterOrEqual(t, h.count("updateBlockForPipeline"), tc.stamps)
			require.Positive(t, h.count("updatePipeline"))
		})
	}
}

func TestAllDataNodesLost(t *testing.T) {
	h := newFakeHDFS(t, 3, nil)
	h.Nodes[0].Set(datanodetest.Faults{Packet: atPacket(1, func() error {
		for _, n := range h.Nodes {
			n.Set(datanodetest.Faults{Dead: true})
		}
		return errors.New("broken")
	})})
	err := h.write(t.Context(), "/f", random(testBlockSize))
	require.ErrorIs(t, err, filesystem.ErrBusy)
	require.ErrorIs(t, err, errNodes)
	require.ErrorContains(t, err, "write the file again")
	require.Empty(t, h.files, "and nothing is left")
}

// DataNodes that cannot be reached get no block; those whose token is old are not to blame.
func TestExclusion(t *testing.T) {
	h := newFakeHDFS(t, 4, nil)
	h.Nodes[1].Set(datanodetest.Faults{Dead: true})
	require.NoError(t, h.write(t.Context(), "/f", random(10)))
	h.checkFile(t, "/f", random(10))
	require.Equal(t, 1, h.count("abandonBlock"))
	require.Equal(t, 1, h.excluded)
	require.NoError(t, h.write(t.Context(), "/g", random(10)))
	require.Equal(t, 1, h.count("abandonBlock"), "others avoid it, too")
	h.clock.t = h.clock.t.Add(suspicion + 1)
	require.NoError(t, h.write(t.Context(), "/h", random(10)))
	require.Equal(t, 2, h.count("abandonBlock"), "for a while")

	h = newFakeHDFS(t, 1, nil)
	h.client.suspects.add(h.Nodes[0].Info, h.clock.t.Add(suspicion))
	require.NoError(t, h.write(t.Context(), "/f", random(10)), "there is no other")

	h = newFakeHDFS(t, 3, nil)
	var refused atomic.Bool
	h.Nodes[0].Set(datanodetest.Faults{Refuse: func(byte, *wire.Block) *wire.BlockOpResponse {
		if refused.Swap(true) {
			return nil
		}
		return &wire.BlockOpResponse{Status: wire.Status_ERROR_ACCESS_TOKEN.Enum()}
	}})
	require.NoError(t, h.write(t.Context(), "/f", random(10)))
	require.Equal(t, 1, h.count("abandonBlock"))
	require.Zero(t, h.excluded)
}

// A NameNode that has just begun may not know the disks of the DataNodes yet.
func TestPlacementWaits(t *testing.T) {
	for _, c := range []struct {
		late int
		ok   bool
	}{{3, true}, {1000, false}} {
		h := newFakeHDFS(t, 1, nil)
		h.intercept = func(call *ipctest.Call) *ipctest.Answer {
			if call.Method == "addBlock" && h.calls["addBlock"] <= c.late {
				return &ipctest.Answer{Exception: ioException, Text: "/f could only be written to 0 of the 1 minReplication nodes. There are 1 datanode(s) running"}
			}
			return nil
		}
		err := h.write(t.Context(), "/f", random(10))
		if c.ok {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, filesystem.ErrNoSpace)
		require.InDelta(t, placeWindow.Seconds(), h.clock.t.Sub(time.Time{}).Seconds(), maxBackoff.Seconds())
	}
}

// No more than so many packets are on their way, and a writer that waits ends with its context.
func TestPacketsInFlight(t *testing.T) {
	h := newFakeHDFS(t, 1, conf.Conf{"dfs.blocksize": "64m"})
	ctx, cancel := context.WithCancel(t.Context())
	var got atomic.Int64
	h.Nodes[0].Set(datanodetest.Faults{
		Packet: func(int64) error {
			if got.Add(1) == inFlight {
				cancel()
			}
			return nil
		},
		Ack: func(int64, []wire.Status) []wire.Status { return nil },
	})
	err := h.write(ctx, "/f", random(20<<20))
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, inFlight, got.Load())
}

func TestCloseWaitsForReplicas(t *testing.T) {
	for _, late := range []int{0, 3, 1000} {
		h := newFakeHDFS(t, 1, nil)
		h.intercept = func(c *ipctest.Call) *ipctest.Answer {
			if c.Method == "complete" && h.calls["complete"] <= late {
				return &ipctest.Answer{Message: &wire.CompleteResponse{Result: proto.Bool(false)}}
			}
			return nil
		}
		w, err := h.fs.Create(t.Context(), "/f")
		require.NoError(t, err)
		_, err = w.Write([]byte("x"))
		require.NoError(t, err)
		err = w.Close()
		took := h.clock.t.Sub(time.Time{})
		if late < 1000 {
			require.NoError(t, err)
			require.Equal(t, late+1, h.count("complete"))
			require.Less(t, took, time.Second)
			continue
		}
		require.ErrorIs(t, err, errReplicating)
		require.ErrorIs(t, err, filesystem.ErrBusy)
		require.GreaterOrEqual(t, took, closeWindow)
		require.Less(t, took, closeWindow+2*maxBackoff)
		tries := h.count("complete")
		require.Equal(t, err, w.Close(), "the first result stays")
		require.Equal(t, tries, h.count("complete"))
	}
}

// A file that failed is never completed; what the NameNode says comes with the directory and the quota.
func TestQuota(t *testing.T) {
	const text = "The DiskSpace quota of /jobs is exceeded: quota = 1048576 B = 1 MB but diskspace consumed = 3145728 B = 3 MB"
	h := newFakeHDFS(t, 1, nil)
	h.intercept = func(c *ipctest.Call) *ipctest.Answer {
		if c.Method == "addBlock" {
			return &ipctest.Answer{Exception: "org.apache.hadoop.hdfs.protocol.DSQuotaExceededException", Text: text}
		}
		return nil
	}
	w, err := h.fs.Create(t.Context(), "/f")
	require.NoError(t, err)
	_, err = w.Write([]byte("x"))
	require.ErrorIs(t, err, filesystem.ErrNoSpace)
	require.ErrorContains(t, err, text)
	_, again := w.Write([]byte("y"))
	require.Equal(t, err, again)
	require.Equal(t, err, w.Close())
	require.Zero(t, h.count("complete"))
	require.NoError(t, w.Abort())
	require.Empty(t, h.files)
}

func TestFileTakenOver(t *testing.T) {
	h := newFakeHDFS(t, 1, nil)
	w, err := h.fs.Create(t.Context(), "/f")
	require.NoError(t, err)
	h.mu.Lock()
	delete(h.files, "/f")
	h.mu.Unlock()
	_, err = w.Write([]byte("x"))
	require.ErrorIs(t, err, errTaken)
	require.NoError(t, w.Abort())
}

func TestCreateRefuses(t *testing.T) {
	for text, change := range map[string]func(*wire.FileStatus){
		"erasure coding is not supported":    func(s *wire.FileStatus) { s.EcPolicy = &wire.ErasureCodingPolicy{} },
		"encryption zones are not supported": func(s *wire.FileStatus) { s.FileEncryption = &wire.FileEncryption{} },
	} {
		h := newFakeHDFS(t, 1, nil)
		h.intercept = func(c *ipctest.Call) *ipctest.Answer {
			if c.Method != "create" {
				return nil
			}
			m, err := h.create(c)
			if err != nil {
				return &ipctest.Answer{Exception: err.Error()}
			}
			change(m.(*wire.CreateResponse).Fs)
			return &ipctest.Answer{Message: m}
		}
		require.ErrorContains(t, h.write(t.Context(), "/f", nil), text)
		require.Empty(t, h.files, "the file that should not be is removed")
	}
	h := newFakeHDFS(t, 1, nil)
	h.intercept = func(c *ipctest.Call) *ipctest.Answer {
		return &ipctest.Answer{Exception: "org.apache.hadoop.hdfs.UnknownCryptoProtocolVersionException", Text: "No crypto protocol versions provided by the client are supported."}
	}
	require.ErrorIs(t, h.write(t.Context(), "/f", nil), errEncrypted)
}

func TestLeaseIsRenewedOnlyForFiles(t *testing.T) {
	h := newFakeHDFS(t, 1, nil)
	a, err := h.fs.Create(t.Context(), "/a")
	require.NoError(t, err)
	b, err := h.fs.Create(t.Context(), "/b")
	require.NoError(t, err)
	require.NoError(t, a.Close())
	require.Zero(t, h.count("renewLease"), "it is new")
	h.client.lease.renew()
	require.Equal(t, 1, h.count("renewLease"))
	require.True(t, h.client.lease.next.Stop(), "and will be renewed again")
	h.client.lease.next.Reset(renewal)
	require.NoError(t, b.Abort())
	require.False(t, h.client.lease.next.Stop(), "no file is open")
}

// TestSync reads what another has synced and not closed.
func TestSync(t *testing.T) {
	h := newFakeHDFS(t, 3, nil)
	f, err := h.fs.Create(t.Context(), "/f")
	require.NoError(t, err)
	w := f.(filesystem.Syncer)
	require.NoError(t, w.Sync(), "there is nothing yet")
	data := random(5000)
	for at := 0; at < len(data); at += 1000 { // chunks are cut in two
		_, err = f.Write(data[at : at+1000])
		require.NoError(t, err)
		require.NoError(t, w.Sync())
	}
	require.Equal(t, 5, h.count("fsync"))
	require.NoError(t, w.Sync())
	require.NoError(t, f.Close())
	require.ErrorContains(t, w.Sync(), "closed")
	h.checkFile(t, "/f", data)
}

// TestAnyWriteSurvivesAnyFault writes with DataNodes that fail at random and compares.
func TestAnyWriteSurvivesAnyFault(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := newFakeHDFS(t, 5, conf.Conf{"dfs.blocksize": "128k"})
		size := rapid.IntRange(0, 500_000).Draw(r, "size")
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 0, 2, rapid.ID).Draw(r, "bad") {
			seqno := rapid.Int64Range(0, 3).Draw(r, "seqno")
			if rapid.Bool().Draw(r, "dies") {
				h.Nodes[i].Set(datanodetest.Faults{Packet: atPacket(seqno, func() error { h.Nodes[i].Set(datanodetest.Faults{Dead: true}); return nil })})
			} else {
				h.Nodes[i].Set(datanodetest.Faults{Packet: atPacket(seqno, func() error { return io.ErrUnexpectedEOF })})
			}
		}
		f, err := h.fs.Create(t.Context(), "/f")
		require.NoError(r, err)
		for left := random(size); len(left) > 0; {
			n := min(len(left), rapid.IntRange(1, 200_000).Draw(r, "write"))
			_, err := f.Write(left[:n])
			require.NoError(r, err)
			left = left[n:]
			if rapid.Bool().Draw(r, "sync") {
				require.NoError(r, f.(filesystem.Syncer).Sync())
			}
		}
		require.NoError(r, f.Close())
		h.checkFile(r, "/f", random(size))
	})
}
