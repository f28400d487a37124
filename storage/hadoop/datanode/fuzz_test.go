package datanode

import (
	"bytes"
	"io"
	"net"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

func seed(f *testing.F, m proto.Message, rest ...byte) {
	encoded, err := proto.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(protowire.AppendBytes(nil, encoded), rest...))
}

// script is a connection on which given bytes come; what is written is dropped.
type script struct {
	net.Conn
	in io.Reader
}

func (s *script) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error) { return len(p), nil }
func (s *script) Close() error                { return nil }

// FuzzBlockReader reads whatever a DataNode may send: an error, or as many bytes as were asked for.
func FuzzBlockReader(f *testing.F) {
	p := NewPacket(0)
	p.Fill([]byte("hello, world"))
	if err := p.Seal(0); err != nil {
		f.Fatal(err)
	}
	response := &wire.BlockOpResponse{Status: wire.Status_SUCCESS.Enum(), ReadOpChecksumInfo: &wire.ReadOpChecksumInfo{
		ChunkOffset: proto.Uint64(0), Checksum: &wire.Checksum{Type: wire.ChecksumType_CHECKSUM_CRC32C.Enum(), BytesPerChecksum: proto.Uint32(ChunkSize)},
	}}
	seed(f, response, p.bytes()...)
	seed(f, &wire.BlockOpResponse{Status: wire.Status_ERROR.Enum()})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &Client{}
		m := &wire.ReadBlock{
			Offset: proto.Uint64(3), Len: proto.Uint64(5), Header: c.header(&wire.Block{PoolId: proto.String("p"), BlockId: proto.Uint64(1), GenerationStamp: proto.Uint64(1)}, nil),
		}
		r, err := c.open(t.Context(), &script{in: bytes.NewReader(data)}, m)
		if err != nil {
			return
		}
		defer func() {
			for _, k := range c.idle {
				k.expiry.Stop()
			}
		}()
		defer r.Close()
		if got, err := io.ReadAll(r); err == nil && len(got) != 5 {
			t.Fatalf("%d bytes and no error", len(got))
		}
	})
}

// FuzzAcknowledgements takes whatever may come instead of acknowledgements: the pipeline fails when the connection ends.
func FuzzAcknowledgements(f *testing.F) {
	seed(f, &wire.PipelineAck{Seqno: proto.Int64(0), Reply: []wire.Status{wire.Status_SUCCESS, wire.Status_ERROR}})
	seed(f, &wire.PipelineAck{Seqno: proto.Int64(-1), Reply: []wire.Status{wire.Status_SUCCESS}})
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		var failed error
		node := &wire.DatanodeInfo{Id: &wire.DatanodeId{}}
		p := &Pipeline{conn: &script{}, client: &Client{}, block: &wire.LocatedBlock{Locs: []*wire.DatanodeInfo{node, node}}, events: Events{
			Acked: func(int64) {}, Failed: func(err error) { failed = err },
		}}
		in := &window{in: bytes.NewReader(data)}
		in.lease()
		p.acknowledgements(in)
		if failed == nil {
			t.Fatal("it goes on without a connection")
		}
	})
}
