package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// BlobReader reads a blob. When the connection breaks it goes on where it was, with whoever leads, as long as the client's
// patience lasts.
type BlobReader struct {
	c      *Client
	ctx    context.Context
	digest string
	at     int64
	size   int64
	body   io.ReadCloser
	broke  time.Time // when reading broke off; zero while it does not
}

// Blob calls f with a blob of the cluster and its size in bytes.
func (c *Client) Blob(ctx context.Context, digest string, f func(size int64, blob *BlobReader) error) error {
	r := &BlobReader{c: c, ctx: ctx, digest: digest}
	if err := r.open(); err != nil {
		return err
	}
	err := f(r.size, r)
	if r.body != nil {
		err = errors.Join(err, r.body.Close())
	}
	return err
}

func (r *BlobReader) open() error {
	x := call{method: http.MethodGet, path: "/blobs/" + r.digest}
	if r.at > 0 {
		x.header = http.Header{"Range": {fmt.Sprintf("bytes=%d-", r.at)}}
	}
	answer, err := r.c.do(r.ctx, x)
	if err != nil {
		return err
	}
	if r.at == 0 {
		r.size = answer.ContentLength
	} else if answer.StatusCode != http.StatusPartialContent {
		return errors.Join(errors.New("the JobManager does not serve parts of blobs: use the client and the cluster of the same release"), answer.Body.Close())
	}
	r.body = answer.Body
	return nil
}

// Read implements io.Reader.
func (r *BlobReader) Read(p []byte) (int, error) {
	for {
		if r.at == r.size {
			return 0, io.EOF
		}
		if r.body == nil {
			if err := r.open(); err != nil {
				return 0, err
			}
		}
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.broke = time.Time{}
			return n, nil
		}
		if err == nil {
			continue
		}
		if err := r.again(err); err != nil {
			return 0, err
		}
	}
}

// again prepares another try after a failure, unless there were enough.
func (r *BlobReader) again(cause error) error {
	if r.broke.IsZero() {
		r.broke = time.Now()
	}
	err := r.body.Close()
	r.body = nil
	if r.ctx.Err() != nil || time.Since(r.broke) >= r.c.patience {
		return fmt.Errorf("reading blob %s: %w", r.digest, errors.Join(cause, err))
	}
	select {
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-time.After(retryAfter):
		return nil
	}
}
