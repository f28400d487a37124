package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

// Store puts a file into the cluster's blob store, unless it is there already, and returns its digest.
func (c *Client) Store(ctx context.Context, file string) (digest string, err error) {
	digest, size, err := digestOf(file)
	if err != nil {
		return "", err
	}
	answer, err := c.do(ctx, call{method: http.MethodHead, path: "/blobs/" + digest})
	if err == nil {
		return digest, answer.Body.Close()
	}
	var missing *Error
	if !errors.As(err, &missing) || missing.Status != http.StatusNotFound {
		return "", err
	}
	_, err = ask[struct{}](ctx, c, call{method: http.MethodPut, path: "/blobs/" + digest, contentType: "application/octet-stream", length: size,
		body: func() (io.ReadCloser, error) { return os.Open(file) }})
	return digest, err
}

func digestOf(file string) (digest string, size int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, err
	}
	sum := sha256.New()
	size, err = io.Copy(sum, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", 0, fmt.Errorf("reading %s: %w", file, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), size, nil
}

// Upload sends a program whose main() is to run on the cluster, and returns its ID for Run, Plan and Delete.
func (c *Client) Upload(ctx context.Context, file string) (id string, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	if _, err := form.CreateFormFile("jarfile", filepath.Base(file)); err != nil {
		return "", err
	}
	begin := head.Len()
	if err := form.Close(); err != nil {
		return "", err
	}
	before, after := head.Bytes()[:begin], head.Bytes()[begin:]
	uploaded, err := ask[messages.JarUploaded](ctx, c, call{method: http.MethodPost, path: "/jars/upload", contentType: form.FormDataContentType(),
		length: info.Size() + int64(head.Len()), body: func() (io.ReadCloser, error) {
			f, err := os.Open(file)
			if err != nil {
				return nil, err
			}
			return framed{io.MultiReader(bytes.NewReader(before), f, bytes.NewReader(after)), f}, nil
		}})
	return path.Base(uploaded.Filename), err
}

// framed is a file between two texts.
type framed struct {
	io.Reader
	io.Closer
}

// Run starts main() of an uploaded program on the cluster and returns the ID of the first job that it submits.
func (c *Client) Run(ctx context.Context, program string, run messages.JarRun) (jobID string, err error) {
	x, err := call{method: http.MethodPost, path: "/jars/" + url.PathEscape(program) + "/run"}.jsonBody(run)
	if err != nil {
		return "", err
	}
	started, err := ask[messages.JarStarted](ctx, c, x)
	return started.JobID, err
}

// Delete removes an uploaded program. Jobs that it has submitted are not touched.
func (c *Client) Delete(ctx context.Context, program string) error {
	_, err := ask[struct{}](ctx, c, call{method: http.MethodDelete, path: "/jars/" + url.PathEscape(program)})
	return err
}
