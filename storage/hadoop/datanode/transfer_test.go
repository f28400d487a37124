package datanode_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/datanode/datanodetest"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

func newClient(c *datanodetest.Cluster) *datanode.Client {
	return &datanode.Client{Dialer: &datanode.Dialer{Dial: c.Dial}, Name: "test"}
}

func located(c *datanodetest.Cluster, nodes ...int) *wire.LocatedBlock {
	b := &wire.LocatedBlock{
		B:      &wire.Block{PoolId: proto.String("BP-1"), BlockId: proto.Uint64(7), GenerationStamp: proto.Uint64(1000)},
		Offset: proto.Uint64(0), Corrupt: proto.Bool(false), BlockToken: &wire.Token{Identifier: []byte{}, Password: []byte{}, Kind: proto.String(""), Service: proto.String("")},
	}
	for _, i := range nodes {
		b.Locs = append(b.Locs, c.Nodes[i].Info)
	}
	return b
}

// progress gathers what a pipeline tells.
type progress struct {
	mu      sync.Mutex
	changed *sync.Cond
	acked   int64
	failed  error
}

func newProgress() *progress {
	p := &progress{acked: -1}
	p.changed = sync.NewCond(&p.mu)
	return p
}

func (p *progress) events() datanode.Events {
	return datanode.Events{
		Acked: func(seqno int64) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.acked = seqno
			p.changed.Broadcast()
		},
		Failed: func(err error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = err
			p.changed.Broadcast()
		},
	}
}

// wait returns when a packet was acknowledged, or the pipeline has failed.
func (p *progress) wait(seqno int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.acked < seqno && p.failed == nil {
		p.changed.Wait()
	}
	if p.acked >= seqno {
		return nil
	}
	return p.failed
}

// write writes a block.
func write(t *testing.T, client *datanode.Client, b *wire.LocatedBlock, data []byte) error {
	t.Helper()
	seen := newProgress()
	p, err := client.Write(t.Context(), datanode.Setup{Block: b, MaxSize: 1 << 20}, seen.events())
	if err != nil {
		return err
	}
	defer p.Close()
	seqno := int64(0)
	send := func(packet *datanode.Packet) {
		require.NoError(t, packet.Seal(seqno))
		p.Send(packet) // its error is told as that of the pipeline
		seqno++
	}
	at := int64(0)
	for left := data; len(left) > 0; {
		packet := datanode.NewPacket(at)
		left = left[packet.Fill(left):]
		at = packet.End()
		send(packet)
	}
	last := datanode.NewPacket(at)
	last.Last = true
	send(last)
	return seen.wait(seqno - 1)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

func TestBlockRoundTrip(t *testing.T) {
	for _, size := range []int{1, 511, 512, 513, datanode.PacketSize, datanode.PacketSize + 1, 300_001} {
		c := datanodetest.New(3)
		client, b, data := newClient(c), located(c, 0, 1, 2), random(size)
		require.NoError(t, write(t, client, b, data))
		for _, n := range c.Nodes {
			got, ok := n.Replica(b.GetB())
			require.True(t, ok)
			require.True(t, bytes.Equal(data, got))
		}
		for _, off := range []int{0, 1, size / 3, size / 2, size - 1} {
			off = min(off, size-1)
			for _, length := range []int{size - off, 1, (size - off + 1) / 2} {
				r, err := client.Read(t.Context(), c.Nodes[1].Info, b, int64(off), int64(length))
				require.NoError(t, err)
				got := make([]byte, length)
				n, err := r.Read(got)
				require.NoError(t, err)
				require.Equal(t, length, n, "packet after packet")
				require.Equal(t, data[off:off+length], got)
				_, err = r.Read(make([]byte, 1))
				require.Equal(t, io.EOF, err)
				r.Close()
			}
		}
		require.Equal(t, 1, c.Nodes[1].Dialed(), "its connection is used again")
	}
}

func TestReadFaults(t *testing.T) {
	c := datanodetest.New(1)
	client, b, data := newClient(c), located(c, 0), random(20_000)
	require.NoError(t, write(t, client, b, data))
	read := func() error {
		r, err := client.Read(t.Context(), c.Nodes[0].Info, b, 0, int64(len(data)))
		if err != nil {
			return err
		}
		defer r.Close()
		got, err := io.ReadAll(r)
		require.True(t, bytes.HasPrefix(data, got), "never other data")
		return err
	}
	status := func(s wire.Status) datanodetest.Faults {
		return datanodetest.Faults{Refuse: func(byte, *wire.Block) *wire.BlockOpResponse {
			return &wire.BlockOpResponse{Status: &s, Message: proto.String("because\n\tat java")}
		}}
	}
	for name, tc := range map[string]struct {
		faults datanodetest.Faults
		want   string
	}{
		"token":   {status(wire.Status_ERROR_ACCESS_TOKEN), "the block token is not accepted: because"},
		"refused": {status(wire.Status_ERROR), "the DataNode refuses: ERROR: because"},
		"nothing": {status(wire.Status_SUCCESS), "is of type"},
		"dead":    {datanodetest.Faults{Dead: true}, "connection refused"},
		"damaged": {datanodetest.Faults{Read: func(p []byte) []byte {
			p[len(p)-1] ^= 1
			return p
		}}, "the checksum is wrong"},
		"cut off": {datanodetest.Faults{Read: func(p []byte) []byte { return p[:len(p)-1] }}, "unexpected EOF"},
		"too long": {datanodetest.Faults{Read: func(p []byte) []byte {
			p[0] = 0x7f
			return p
		}}, "cannot be understood"},
	} {
		c.Nodes[0].Set(tc.faults)
		err := read()
		if name == "nothing" { // a response without checksums: the data cannot be checked, and do not come
			require.Error(t, err)
			continue
		}
		require.ErrorContains(t, err, tc.want, name)
		require.Equal(t, name == "token", datanode.IsStale(err))
	}
	c.Nodes[0].Set(datanodetest.Faults{})
	require.NoError(t, read())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	c.Nodes[0].Set(datanodetest.Faults{Read: func(p []byte) []byte {
		cancel()
		<-ended
		return nil
	}})
	r, err := client.Read(ctx, c.Nodes[0].Info, b, 0, int64(len(data)))
	if err == nil {
		_, err = io.ReadAll(r)
		defer r.Close()
	}
	require.Error(t, err, "the context ends what goes on, or what begins")
	close(ended)
}

func TestPipelineFaults(t *testing.T) {
	data := random(100_000)
	for name, tc := range map[string]struct {
		at     int // the node with faults
		faults datanodetest.Faults
		index  int
		blamed bool
		want   string
	}{
		"first dead":  {0, datanodetest.Faults{Dead: true}, 0, false, "10.0.0.1:9866: dial 10.0.0.1:9866: connection refused"},
		"third dead":  {2, datanodetest.Faults{Dead: true}, 2, true, "10.0.0.3:9866: the DataNode refuses: ERROR"},
		"broken":      {1, datanodetest.Faults{Packet: func(int64) error { return errors.New("x") }}, 0, false, "10.0.0.1:9866: EOF"},
		"named":       {0, datanodetest.Faults{Ack: func(_ int64, s []wire.Status) []wire.Status { s[1] = wire.Status_ERROR_CHECKSUM; return s }}, 1, true, "10.0.0.2:9866: it answers ERROR_CHECKSUM"},
		"restarting":  {0, datanodetest.Faults{Ack: func(_ int64, s []wire.Status) []wire.Status { return []wire.Status{wire.Status_OOB_RESTART} }}, 0, true, "OOB_RESTART"},
		"more of all": {0, datanodetest.Faults{Ack: func(_ int64, s []wire.Status) []wire.Status { return append(s, wire.Status_ERROR) }}, 0, false, "cannot be understood"},
	} {
		c := datanodetest.New(3)
		c.Nodes[tc.at].Set(tc.faults)
		err := write(t, newClient(c), located(c, 0, 1, 2), data)
		var node *datanode.NodeError
		require.ErrorAs(t, err, &node, name)
		require.Equal(t, tc.index, node.Index, name)
		require.Equal(t, tc.blamed, node.Blamed, name)
		require.ErrorContains(t, err, tc.want, name)
	}
	c := datanodetest.New(1)
	err := write(t, newClient(c), located(c), data)
	require.ErrorContains(t, err, "the NameNode gave no DataNode")
}
