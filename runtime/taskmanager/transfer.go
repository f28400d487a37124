package taskmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leatproject/leat/runtime/rpc"
)

// storeChunk is how much of a blob a message carries, in bytes.
const storeChunk = 256 << 10

// transfer moves a file between the worker's folder and the blob store, and tells the worker how that went.
func (w *supervised) transfer(h Worker, q *rpc.BlobRequest) {
	a := &rpc.BlobReply{Request: q.Request}
	if err := w.move(q); err != nil {
		a.Error = err.Error()
	}
	_ = h.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Blob{Blob: a}}) // a worker that is gone needs no answer
}

func (w *supervised) move(q *rpc.BlobRequest) error {
	if err := checkDigest(q.Digest); err != nil {
		return err
	}
	if q.File == "" || filepath.Base(q.File) != q.File {
		return fmt.Errorf("%q is no name of a file in the worker's folder", q.File)
	}
	path := filepath.Join(w.folder.path, q.File)
	if q.Store {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return w.t.store(w.ctx, q.Digest, f)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(download(w.ctx, q.Digest, f, w.t.fetch), f.Close())
}

// store gives a blob to the leader; when there is a new one, it begins again there.
func (t *TaskManager) store(ctx context.Context, digest string, r io.ReadSeeker) error {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		var client rpc.JobManagerClient
		t.call(func() {
			if t.session != nil {
				client = t.session.client
			}
		})
		if client != nil {
			err := send(ctx, client, digest, r)
			switch status.Code(err) {
			case codes.OK:
				return nil
			case codes.ResourceExhausted:
				return fmt.Errorf("%s: write so much to files, or raise rest.server.max-content-length", status.Convert(err).Message())
			case codes.DataLoss, codes.InvalidArgument, codes.Unknown:
				return err
			}
		}
		if !t.sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

func send(ctx context.Context, client rpc.JobManagerClient, digest string, r io.ReadSeeker) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Store(ctx)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		c := &rpc.Chunk{Data: make([]byte, storeChunk)}
		if first {
			c.Digest = digest
		}
		n, err := io.ReadFull(r, c.Data)
		c.Data = c.Data[:n]
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if n > 0 || first {
			if stream.Send(c) != nil {
				break // the answer says why
			}
		}
		if err != nil {
			break
		}
	}
	_, err = stream.CloseAndRecv()
	return err
}
