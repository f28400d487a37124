package datanode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// BlockReader reads a range of a block from one DataNode. One goroutine owns it.
type BlockReader struct {
	client  *Client
	node    *wire.DatanodeInfo
	address string
	conn    net.Conn
	stop    func() bool // of the context's end
	in      window
	sums    sums

	off, left int64  // of what was asked for and has not been handed out
	data      []byte // of the packet, checked
	held      int    // bytes of the window that data lie in
	next      int64  // offset in the block of the next packet
	ended     bool   // the last packet was read
	err       error
}

// Read opens a range of a replica. The context governs what is read, too.
func (c *Client) Read(ctx context.Context, node *wire.DatanodeInfo, b *wire.LocatedBlock, off, length int64) (*BlockReader, error) {
	address := c.Address(node)
	m := &wire.ReadBlock{
		Header: c.header(b.GetB(), b.GetBlockToken()), Offset: proto.Uint64(uint64(off)), Len: proto.Uint64(uint64(length)),
	}
	for conn := c.take(address); conn != nil; conn = c.take(address) {
		r, err := c.open(ctx, conn, m)
		if err == nil {
			r.node, r.address = node, address
			return r, nil
		}
		if errors.Is(err, ErrToken) || errors.Is(err, ErrNoReplica) || ctx.Err() != nil {
			return nil, fmt.Errorf("read at DataNode %s: %w", address, err)
		} // else it was closed in the meantime
	}
	conn, err := c.Dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	r, err := c.open(ctx, conn, m)
	if err != nil {
		return nil, fmt.Errorf("read at DataNode %s: %w", address, err)
	}
	r.node, r.address = node, address
	return r, nil
}

func (c *Client) open(ctx context.Context, conn net.Conn, m *wire.ReadBlock) (*BlockReader, error) {
	r := &BlockReader{client: c, conn: conn, in: window{in: conn}, off: int64(m.GetOffset()), left: int64(m.GetLen())}
	r.stop = context.AfterFunc(ctx, func() { conn.Close() }) // whoever reads gets its error
	r.in.lease()
	response, err := request(conn, &r.in, opReadBlock, m)
	if err == nil {
		err = refusal(response)
	}
	if err == nil {
		info := response.GetReadOpChecksumInfo()
		r.next = int64(info.GetChunkOffset())
		if r.sums, err = newSums(info.GetChecksum()); err == nil && (r.next < 0 || r.next > r.off) {
			err = fmt.Errorf("%w: the first chunk is at %d, and not before %d", errPacket, r.next, r.off)
		}
	}
	if err != nil {
		r.err = err
		r.Close()
		return nil, err
	}
	return r, nil
}

// Node is the DataNode that is read from.
func (r *BlockReader) Node() *wire.DatanodeInfo { return r.node }

// Remaining is how many bytes have not been read yet.
func (r *BlockReader) Remaining() int64 { return r.left }

// Read fills p, or reads to the end of the range; all that it returns has been compared with its checksum.
func (r *BlockReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if r.left == 0 {
			if n > 0 {
				return n, nil
			}
			return 0, io.EOF
		}
		if len(r.data) == 0 {
			if err := r.packet(); err != nil {
				return n, r.fail(err)
			}
			continue
		}
		k := copy(p[n:], r.data)
		n += k
		r.used(k)
	}
	return n, nil
}

// Skip drops the next n bytes if they have been received already, and else says false.
func (r *BlockReader) Skip(n int64) bool {
	if n > int64(len(r.data)) {
		return false
	}
	r.used(int(n))
	return true
}

func (r *BlockReader) used(n int) {
	r.data = r.data[n:]
	r.off += int64(n)
	r.left -= int64(n)
}

func (r *BlockReader) fail(err error) error {
	if r.err == nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		r.err = fmt.Errorf("read at DataNode %s: %w", r.address, err)
	}
	return r.err
}

// packet takes the next packet and checks it.
func (r *BlockReader) packet() error {
	if r.err != nil {
		return r.err
	}
	r.in.skip(r.held)
	r.held = 0
	h, err := readHeader(&r.in)
	switch {
	case err != nil:
		return err
	case h.data == 0:
		return fmt.Errorf("%w: the block ends %d bytes early", errPacket, r.left)
	case h.offset != r.next || h.checksums != r.sums.size(h.data):
		return fmt.Errorf("%w: %d bytes with %d bytes of checksums at %d, not at %d", errPacket, h.data, h.checksums, h.offset, r.next)
	}
	body, err := r.in.peek(h.checksums + h.data)
	if err != nil {
		return err
	}
	if err := r.sums.check(body[:h.checksums], body[h.checksums:]); err != nil {
		return err
	}
	r.held, r.next = len(body), h.offset+int64(h.data)
	data := body[h.checksums:]
	data = data[min(max(r.off-h.offset, 0), int64(len(data))):] // the first packet begins with a chunk
	r.data = data[:min(int64(len(data)), r.left)]
	return nil
}

// Close ends the transfer. A connection on which all has been read is kept.
func (r *BlockReader) Close() {
	if r.ended {
		return
	}
	r.ended = true
	good := r.err == nil && r.left == 0 && r.finish() == nil
	if r.stop() && good && r.in.begin == r.in.end {
		r.client.keep(r.address, r.conn)
	} else {
		r.conn.Close() // it is given up
	}
	r.in.free()
	r.data = nil
}

// finish takes the empty packet at the end and says that all is well.
func (r *BlockReader) finish() error {
	r.in.skip(r.held)
	r.held = 0
	h, err := readHeader(&r.in)
	if err != nil {
		return err
	}
	if h.data != 0 || h.checksums != 0 || !h.last {
		return errPacket
	}
	encoded, err := proto.Marshal(&wire.ClientReadStatus{Status: wire.Status_CHECKSUM_OK.Enum()})
	if err != nil {
		return err
	}
	_, err = r.conn.Write(protowire.AppendBytes(nil, encoded))
	return err
}
