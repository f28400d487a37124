package jobmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// chunk is how much of a blob a message carries, in bytes.
const chunk = 256 << 10

// Blobs is the blob store.
func (m *JobManager) Blobs() *blob.Store { return m.opt.Blobs }

// Fetch implements rpc.JobManagerServer.
func (m *JobManager) Fetch(r *rpc.FetchRequest, stream rpc.JobManager_FetchServer) error {
	f, err := m.opt.Blobs.Get(stream.Context(), r.GetDigest())
	if err != nil {
		return blobError(err)
	}
	err = send(f, r.GetOffset(), stream)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return blobError(err)
}

func send(f io.ReadSeeker, offset int64, stream rpc.JobManager_FetchServer) error {
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	buffer := make([]byte, chunk)
	for {
		n, err := io.ReadFull(f, buffer)
		if n > 0 {
			if err := stream.Send(&rpc.Chunk{Data: buffer[:n]}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Store implements rpc.JobManagerServer.
func (m *JobManager) Store(stream rpc.JobManager_StoreServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if !blob.IsDigest(first.GetDigest()) {
		return status.Errorf(codes.InvalidArgument, "%q is no digest: the first message takes the hexadecimal SHA-256 of the blob", first.GetDigest())
	}
	_, size, err := m.opt.Blobs.Put(stream.Context(), &chunkReader{stream: stream, rest: first.GetData()}, first.GetDigest())
	if err != nil {
		return blobError(err)
	}
	return stream.SendAndClose(&rpc.Stored{Size: size})
}

// chunkReader reads the data of a stream of chunks.
type chunkReader struct {
	stream rpc.JobManager_StoreServer
	rest   []byte
}

func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		c, err := r.stream.Recv()
		if err != nil {
			return 0, err
		}
		r.rest = c.GetData()
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func blobError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, blob.ErrNotFound):
		return status.Error(codes.NotFound, err.Error())
	case errors.Is(err, blob.ErrTooLarge):
		return status.Error(codes.ResourceExhausted, err.Error())
	case errors.Is(err, blob.ErrMismatch):
		return status.Error(codes.DataLoss, err.Error())
	}
	return err
}

// Submitted is a submission, decoded. It is shared: do not change it.
type Submitted struct {
	*rpc.Submission
	Graph   *graph.JobGraph
	encoded []byte
}

// graphs remembers decoded submissions.
type graphs struct {
	mu    sync.Mutex
	known map[job.Digest]*Submitted
}

// remembered is how many submissions are remembered.
const remembered = 128

// Submitted reads a submission from the blob store.
func (m *JobManager) Submitted(ctx context.Context, digest job.Digest) (*Submitted, error) {
	m.graphs.mu.Lock()
	s, ok := m.graphs.known[digest]
	m.graphs.mu.Unlock()
	if ok {
		return s, nil
	}
	encoded, err := m.opt.Blobs.Read(ctx, string(digest))
	if err != nil {
		return nil, fmt.Errorf("reading the submission of a job: %w", err)
	}
	if s, err = decodeSubmission(encoded); err != nil {
		return nil, err
	}
	m.graphs.mu.Lock()
	defer m.graphs.mu.Unlock()
	if len(m.graphs.known) >= remembered || m.graphs.known == nil {
		m.graphs.known = map[job.Digest]*Submitted{}
	}
	m.graphs.known[digest] = s
	return s, nil
}

// sweep removes blobs that nothing refers to. Only a leader that has just verified that it leads knows.
func (m *JobManager) sweep(ctx context.Context) {
	if m.leader == nil {
		return
	}
	m.dirty = true // no timer of the observations stands for programs that expire
	m.help.Go(func() {
		if err := m.log.Verify(ctx); err != nil {
			return
		}
		keep := map[string]bool{}
		m.View(func(s *job.State) {
			for p := range s.Programs {
				keep[string(p.Digest)] = true
			}
			for j := range s.Jobs {
				keep[string(j.Program)], keep[string(j.Graph)] = true, true
				for _, c := range j.Collected() {
					keep[string(c.Digest)] = true
				}
			}
			for a := range s.Applications {
				keep[string(a.Program)], keep[string(a.Driver)] = true, true
				for _, digest := range a.Values {
					keep[string(digest)] = true
				}
			}
			for x := range s.Schedules {
				keep[string(x.Program)], keep[string(x.Driver)] = true, true
			}
			for r := range s.Results {
				for _, c := range r.Collected {
					keep[string(c.Digest)] = true
				}
			}
		})
		removed, err := m.opt.Blobs.Sweep(ctx, keep, m.opt.Clock.Now().Add(-m.opt.Expiry))
		if err != nil && ctx.Err() == nil {
			m.opt.Logger.Warn("blobs that are not needed any more were left behind", "error", err)
		} else if removed > 0 {
			m.opt.Logger.Info("removed blobs that nothing refers to", "count", removed)
		}
	})
}
