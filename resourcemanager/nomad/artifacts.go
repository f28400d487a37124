package nomad

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// digest is the SHA-256 of a file.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Files serves files to nodes that fetch artifacts, under addresses that nobody guesses. It is safe for concurrent use.
type Files struct {
	base   string
	server *http.Server
	mu     sync.Mutex
	files  map[string]string // by path of URLs
}

// Serve serves on a listener, which nodes reach as host, until Close.
func Serve(l net.Listener, host string) (*Files, error) {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, err
	}
	f := &Files{base: "http://" + net.JoinHostPort(host, port), files: map[string]string{}}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	go f.server.Serve(l) //nolint:errcheck // it ends with Close
	return f, nil
}

// Close ends downloads, too.
func (f *Files) Close() error { return f.server.Close() }

// Add has a file served and returns it as an artifact with that destination.
func (f *Files) Add(path, destination string) (Artifact, error) {
	sum, err := digest(path)
	if err != nil {
		return Artifact{}, err
	}
	return f.AddKnown(path, destination, "sha256:"+sum), nil
}

// AddKnown is Add for a file whose checksum is known.
func (f *Files) AddKnown(path, destination, checksum string) Artifact {
	name := "/" + strings.ToLower(rand.Text()) + "/" + strings.TrimPrefix(checksum, "sha256:")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[name] = path
	return Artifact{Source: f.base + name, Checksum: checksum, Destination: destination}
}

// ServeHTTP implements http.Handler.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	path, ok := f.files[r.URL.Path]
	f.mu.Unlock()
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	file, err := os.Open(path)
	if err != nil {
		http.Error(w, "the file is gone", http.StatusGone)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, file)
}

// Store is a folder of an HTTP server that keeps what is PUT, where nodes fetch artifacts by their SHA-256.
type Store struct {
	URL    string
	Client *http.Client
}

// Add uploads a file unless it is there, and returns it as an artifact with that destination.
func (s Store) Add(ctx context.Context, path, destination string) (Artifact, error) {
	sum, err := digest(path)
	if err != nil {
		return Artifact{}, err
	}
	a := Artifact{Source: strings.TrimRight(s.URL, "/") + "/" + sum, Checksum: "sha256:" + sum, Destination: destination}
	status, err := s.call(ctx, http.MethodHead, a.Source, "")
	if err != nil || status == http.StatusOK {
		return a, err
	}
	switch status, err = s.call(ctx, http.MethodPut, a.Source, path); {
	case err != nil:
		return a, err
	case status < 200 || status >= 300:
		return a, fmt.Errorf("uploading %s to %s: the server answers %d %s; it has to take PUT", filepath.Base(path), a.Source, status, http.StatusText(status))
	}
	return a, nil
}

func (s Store) call(ctx context.Context, method, url, path string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	if path != "" {
		f, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		r.Body, r.ContentLength = f, info.Size()
	}
	answer, err := s.Client.Do(r)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Body.Close()
}
