package hdfs

import (
	"errors"
	"log/slog"
	"net"
	"path"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/datanode"
	"github.com/leatproject/leat/storage/hadoop/datanode/datanodetest"
	"github.com/leatproject/leat/storage/hadoop/ipc/ipctest"
	"github.com/leatproject/leat/storage/hadoop/wire"
)

const (
	testBlockSize = 256 << 10
	ioException   = "java.io.IOException"
)

// fakeHDFS is a NameNode with some DataNodes that can be told to misbehave.
type fakeHDFS struct {
	*datanodetest.Cluster
	client *client
	clock  *virtualClock
	fs     *fileSystem

	mu       sync.Mutex
	files    map[string]*fakeFile
	nextID   uint64
	calls    map[string]int
	excluded int // DataNodes that the last addBlock did not want
	token    string
	// intercept may answer a call in place of the NameNode.
	intercept func(c *ipctest.Call) *ipctest.Answer
}

type fakeFile struct {
	id       uint64
	blocks   []*wire.LocatedBlock
	complete bool
	lease    string
}

func newFakeHDFS(t *testing.T, nodes int, site conf.Conf) *fakeHDFS {
	t.Helper()
	h := &fakeHDFS{Cluster: datanodetest.New(nodes), files: map[string]*fakeFile{}, calls: map[string]int{}, nextID: 16385, clock: &virtualClock{}, token: "good"}
	h.client = fakeNameNode(t, site, h.handle)
	h.client.clock = h.clock.clock()
	h.client.cluster = &cluster{
		defaults: &wire.ServerDefaults{Replication: proto.Uint32(uint32(min(nodes, 3))), BlockSize: proto.Uint64(testBlockSize)},
		data:     &datanode.Client{Dialer: &datanode.Dialer{Dial: h.Dial}, Name: h.client.lease.holder},
	}
	h.fs = &fileSystem{client: h.client, root: "hdfs://fake"}
	for _, n := range h.Nodes {
		n.Set(datanodetest.Faults{Refuse: h.checkToken})
	}
	return h
}

// fakeNameNode listens on loopback and returns a client of it.
func fakeNameNode(t *testing.T, site conf.Conf, handle func(*ipctest.Call) ipctest.Answer) *client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &ipctest.Server{Handle: handle}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go server.Serve(c)
		}
	}()
	if site == nil {
		site = conf.Conf{}
	}
	service, err := site.NameNodes(l.Addr().String())
	require.NoError(t, err)
	c := newClient(site, l.Addr().String(), service, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return c
}

// checkToken refuses requests with an old token; a block's token is the text of its pool id here.
func (h *fakeHDFS) checkToken(_ byte, b *wire.Block) *wire.BlockOpResponse {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b.GetPoolId() == h.token {
		return nil
	}
	return &wire.BlockOpResponse{Status: wire.Status_ERROR_ACCESS_TOKEN.Enum(), Message: proto.String("the token is too old")}
}

func (h *fakeHDFS) count(method string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[method]
}

func (h *fakeHDFS) handle(c *ipctest.Call) ipctest.Answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[c.Method]++
	if h.intercept != nil {
		if a := h.intercept(c); a != nil {
			return *a
		}
	}
	handler, ok := map[string]func(*ipctest.Call) (proto.Message, error){
		"create": h.create, "addBlock": h.addBlock, "abandonBlock": h.abandonBlock, "complete": h.completeFile,
		"getBlockLocations": h.locations, "updateBlockForPipeline": h.updateBlock, "updatePipeline": h.updatePipeline,
		"getAdditionalDatanode": h.additional, "delete": h.remove, "getFileInfo": h.info, "renewLease": h.nothing, "fsync": h.nothing,
	}[c.Method]
	if !ok {
		return ipctest.Answer{Exception: ioException, Text: "unknown method " + c.Method}
	}
	m, err := handler(c)
	if err != nil {
		return ipctest.Answer{Exception: err.Error(), Text: "the block could only be written to 0 of the 1 minReplication nodes"}
	}
	return ipctest.Answer{Message: m}
}

var (
	errFileExists  = errors.New("org.apache.hadoop.fs.FileAlreadyExistsException")
	errFileMissing = errors.New("java.io.FileNotFoundException")
)

func (h *fakeHDFS) nothing(*ipctest.Call) (proto.Message, error) { return nil, nil }

func (h *fakeHDFS) create(c *ipctest.Call) (proto.Message, error) {
	r := &wire.CreateRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	if h.files[r.GetSrc()] != nil {
		return nil, errFileExists
	}
	h.nextID++
	h.files[r.GetSrc()] = &fakeFile{id: h.nextID, lease: r.GetClientName()}
	return &wire.CreateResponse{Fs: status(r.GetSrc(), h.files[r.GetSrc()])}, nil
}

func status(p string, f *fakeFile) *wire.FileStatus {
	return &wire.FileStatus{
		FileType: proto.Int32(2), Path: []byte(path.Base(p)), Length: proto.Uint64(f.size()), Owner: proto.String("x"), FileId: &f.id,
	}
}

func (f *fakeFile) size() (n uint64) {
	for _, b := range f.blocks {
		n += b.GetB().GetNumBytes()
	}
	return n
}

// commit takes the last block as its writer says it is.
func (f *fakeFile) commit(last *wire.Block) error {
	if last == nil {
		return nil
	}
	if len(f.blocks) == 0 || f.blocks[len(f.blocks)-1].GetB().GetBlockId() != last.GetBlockId() {
		return errFileMissing
	}
	f.blocks[len(f.blocks)-1].B = last
	return nil
}

func (h *fakeHDFS) addBlock(c *ipctest.Call) (proto.Message, error) {
	r := &wire.AddBlockRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	f := h.files[r.GetSrc()]
	if f == nil {
		return nil, errors.New("org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException")
	}
	if err := f.commit(r.GetPrevious()); err != nil {
		return nil, err
	}
	h.nextID++
	h.excluded = len(r.GetExcludeNodes())
	b := h.block(h.nextID, 1000, h.choose(3, r.GetExcludeNodes()))
	if len(b.Locs) == 0 {
		return nil, errors.New(ioException)
	}
	b.Offset = proto.Uint64(f.size())
	f.blocks = append(f.blocks, b)
	return &wire.AddBlockResponse{Block: b}, nil
}

func (h *fakeHDFS) choose(n int, not []*wire.DatanodeInfo) (nodes []*wire.DatanodeInfo) {
	for _, node := range h.Nodes {
		if len(nodes) < n && !slices.ContainsFunc(not, func(x *wire.DatanodeInfo) bool { return proto.Equal(x, node.Info) }) {
			nodes = append(nodes, node.Info)
		}
	}
	return nodes
}

func (h *fakeHDFS) block(id, stamp uint64, nodes []*wire.DatanodeInfo) *wire.LocatedBlock {
	b := &wire.LocatedBlock{
		B:      &wire.Block{PoolId: &h.token, BlockId: &id, GenerationStamp: &stamp},
		Offset: proto.Uint64(0), Corrupt: proto.Bool(false), Locs: nodes,
		BlockToken: &wire.Token{Identifier: []byte{}, Password: []byte{}, Kind: proto.String(""), Service: proto.String("")},
	}
	for _, n := range nodes {
		b.StorageTypes, b.StorageIds = append(b.StorageTypes, 1), append(b.StorageIds, "DS-"+n.GetId().GetDatanodeUuid())
	}
	return b
}

func (h *fakeHDFS) abandonBlock(c *ipctest.Call) (proto.Message, error) {
	r := &wire.AbandonBlockRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	f := h.files[r.GetSrc()]
	f.blocks = f.blocks[:len(f.blocks)-1]
	return nil, nil
}

func (h *fakeHDFS) completeFile(c *ipctest.Call) (proto.Message, error) {
	r := &wire.CompleteRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	f := h.files[r.GetSrc()]
	f.complete = true
	return &wire.CompleteResponse{Result: proto.Bool(true)}, f.commit(r.GetLast())
}

func (h *fakeHDFS) locations(c *ipctest.Call) (proto.Message, error) {
	r := &wire.GetBlockLocationsRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	f := h.files[r.GetSrc()]
	if f == nil {
		return nil, errFileMissing
	}
	out := &wire.LocatedBlocks{FileLength: proto.Uint64(f.size()), UnderConstruction: proto.Bool(!f.complete), IsLastBlockComplete: &f.complete}
	for _, b := range f.blocks {
		b = proto.CloneOf(b)
		b.B.PoolId = proto.String(h.token)
		if blockEnd(b) > int64(r.GetOffset()) && b.GetOffset() < r.GetOffset()+2*testBlockSize {
			out.Blocks = append(out.Blocks, b)
		}
		out.LastBlock = b
	}
	return &wire.GetBlockLocationsResponse{Locations: out}, nil
}

func (h *fakeHDFS) updateBlock(c *ipctest.Call) (proto.Message, error) {
	r := &wire.UpdateBlockForPipelineRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	h.nextID++
	return &wire.UpdateBlockForPipelineResponse{Block: h.block(r.GetBlock().GetBlockId(), h.nextID, nil)}, nil
}

func (h *fakeHDFS) updatePipeline(c *ipctest.Call) (proto.Message, error) {
	r := &wire.UpdatePipelineRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	for _, f := range h.files {
		for _, b := range f.blocks {
			if b.GetB().GetBlockId() != r.GetNewBlock().GetBlockId() {
				continue
			}
			b.B, b.Locs = r.GetNewBlock(), nil
			for _, id := range r.GetNewNodes() {
				b.Locs = append(b.Locs, &wire.DatanodeInfo{Id: id})
			}
		}
	}
	return nil, nil
}

func (h *fakeHDFS) additional(c *ipctest.Call) (proto.Message, error) {
	r := &wire.GetAdditionalDatanodeRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	more := h.choose(1, append(r.GetExcludes(), r.GetExistings()...))
	return &wire.GetAdditionalDatanodeResponse{Block: h.block(r.GetBlk().GetBlockId(), r.GetBlk().GetGenerationStamp(), append(r.GetExistings(), more...))}, nil
}

func (h *fakeHDFS) remove(c *ipctest.Call) (proto.Message, error) {
	r := &wire.GetBlockLocationsRequest{} // src comes first, too; what follows does not matter
	if err := (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	_, there := h.files[r.GetSrc()]
	delete(h.files, r.GetSrc())
	return &wire.CompleteResponse{Result: &there}, nil
}

func (h *fakeHDFS) info(c *ipctest.Call) (proto.Message, error) {
	r := &wire.GetFileInfoRequest{}
	if err := proto.Unmarshal(c.Request, r); err != nil {
		return nil, err
	}
	f := h.files[r.GetSrc()]
	if f == nil {
		return &wire.GetFileInfoResponse{}, nil
	}
	s := status(r.GetSrc(), f)
	s.ProtoReflect().SetUnknown([]byte{0x22, 2, 0x08, 0x24, 0x32, 1, 'g', 0x38, 1, 0x40, 1}) // mode, group and times: the library insists on them
	return &wire.GetFileInfoResponse{Fs: s}, nil
}
