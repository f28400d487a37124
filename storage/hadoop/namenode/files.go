package namenode

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// createFlag creates, and does not overwrite. (Hadoop: CreateFlag)
const createFlag = 1

// NewFile says how a file is made.
type NewFile struct {
	Path        string
	Holder      string // of the lease
	Replication uint32
	BlockSize   uint64 // bytes
}

// Create makes a file and its parent directories, and tells about it; it never overwrites: an existing file is
// FileAlreadyExistsException, or AlreadyBeingCreatedException while it is written.
func (c *Client) Create(ctx context.Context, f NewFile) (*wire.FileStatus, error) {
	answer := &wire.CreateResponse{}
	err := c.Call(ctx, "create", &wire.CreateRequest{
		Src: &f.Path, Masked: &wire.FsPermission{Perm: proto.Uint32(0o644)}, ClientName: &f.Holder, CreateFlag: proto.Uint32(createFlag),
		CreateParent: proto.Bool(true), Replication: &f.Replication, BlockSize: &f.BlockSize,
	}, answer)
	return answer.GetFs(), err
}

// MkdirAll makes a directory with such permissions, and its parents. One that is there stays as it is.
func (c *Client) MkdirAll(ctx context.Context, path string, permissions uint32) error {
	return c.Call(ctx, "mkdirs", &wire.MkdirsRequest{Src: &path, Masked: &wire.FsPermission{Perm: &permissions}, CreateParent: proto.Bool(true)}, &wire.MkdirsResponse{})
}

// BlockLocations returns the blocks of a file that hold bytes of a range, and its length. A directory is
// FileNotFoundException, like a missing file.
func (c *Client) BlockLocations(ctx context.Context, path string, offset, length int64) (*wire.LocatedBlocks, error) {
	answer := &wire.GetBlockLocationsResponse{}
	err := c.Call(ctx, "getBlockLocations", &wire.GetBlockLocationsRequest{
		Src: &path, Offset: proto.Uint64(uint64(offset)), Length: proto.Uint64(uint64(length)),
	}, answer)
	return answer.GetLocations(), err
}

// AddBlock adds a block to the end of a file that is being written.
func (c *Client) AddBlock(ctx context.Context, r *wire.AddBlockRequest) (*wire.LocatedBlock, error) {
	answer := &wire.AddBlockResponse{}
	err := c.Call(ctx, "addBlock", r, answer)
	return answer.GetBlock(), err
}

// AbandonBlock takes the last block away from a file: nothing was written to it.
func (c *Client) AbandonBlock(ctx context.Context, r *wire.AbandonBlockRequest) error {
	return c.Call(ctx, "abandonBlock", r, &wire.AbandonBlockResponse{})
}

// AdditionalDatanode names one more DataNode for a block; the answer has those of the request and the new one.
func (c *Client) AdditionalDatanode(ctx context.Context, r *wire.GetAdditionalDatanodeRequest) (*wire.LocatedBlock, error) {
	answer := &wire.GetAdditionalDatanodeResponse{}
	err := c.Call(ctx, "getAdditionalDatanode", r, answer)
	return answer.GetBlock(), err
}

// UpdateBlockForPipeline gets a new generation stamp and token for a block that is being written.
func (c *Client) UpdateBlockForPipeline(ctx context.Context, b *wire.Block, holder string) (*wire.LocatedBlock, error) {
	answer := &wire.UpdateBlockForPipelineResponse{}
	err := c.Call(ctx, "updateBlockForPipeline", &wire.UpdateBlockForPipelineRequest{Block: b, ClientName: &holder}, answer)
	return answer.GetBlock(), err
}

// UpdatePipeline says which DataNodes have the block from now on, and under which generation stamp.
func (c *Client) UpdatePipeline(ctx context.Context, r *wire.UpdatePipelineRequest) error {
	return c.Call(ctx, "updatePipeline", r, &wire.UpdatePipelineResponse{})
}

// Fsync makes the NameNode know the length of the last block of a file that is being written.
func (c *Client) Fsync(ctx context.Context, path, holder string, fileID uint64, lastBlock int64) error {
	return c.Call(ctx, "fsync", &wire.FsyncRequest{Src: &path, Client: &holder, FileId: &fileID, LastBlockLength: &lastBlock}, &wire.FsyncResponse{})
}

// Complete closes a file. It is false as long as the NameNode does not know of enough replicas of its last blocks.
func (c *Client) Complete(ctx context.Context, r *wire.CompleteRequest) (bool, error) {
	answer := &wire.CompleteResponse{}
	err := c.Call(ctx, "complete", r, answer)
	return answer.GetResult(), err
}

// RenewLease keeps the files of a holder from being taken over by others.
func (c *Client) RenewLease(ctx context.Context, holder string) error {
	return c.Call(ctx, "renewLease", &wire.RenewLeaseRequest{ClientName: &holder}, &wire.RenewLeaseResponse{})
}

// ServerDefaults are what the NameNode would have clients use.
func (c *Client) ServerDefaults(ctx context.Context) (*wire.ServerDefaults, error) {
	answer := &wire.GetServerDefaultsResponse{}
	err := c.Call(ctx, "getServerDefaults", &wire.GetServerDefaultsRequest{}, answer)
	return answer.GetServerDefaults(), err
}
