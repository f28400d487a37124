package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/scheduler/jobmanager"
)

// FlinkVersion is the version of Flink whose API this is. Clients of Flink parse it.
const FlinkVersion = "2.3.0"

// Options of a server.
type Options struct {
	JobManager *jobmanager.JobManager
	// Configuration is shown by GET /jobmanager/config, with secrets masked.
	Configuration *config.Configuration
	// Secret is required of clients; the zero value lets everybody in who speaks to a name of this machine.
	Secret secret.Secret
	// Readers are where requests come from that may read without the secret: a proxy that checks its users itself.
	Readers []netip.Addr
	// TLS is what Serve encrypts by; nil serves in the clear. It may demand certificates of clients.
	TLS *tls.Config
	// Hosts are names besides localhost and addresses under which clients without a secret may reach the server.
	Hosts []string
	// Submit and Cancel allow programs to be run and jobs to be cancelled.
	Submit, Cancel bool
	// UploadDir keeps uploaded programs. UploadLimit is the largest in bytes; 1 GiB.
	UploadDir   string
	UploadLimit int64
	// Shutdown ends the cluster; nil where it is not ended by a request.
	Shutdown func()
	// Drivers runs uploaded programs.
	Drivers Drivers
	// LogFiles are the JobManager's own logs by name.
	LogFiles map[string]string
	// Version and Commit are of this binary.
	Version, Commit string
	Logger          *slog.Logger
}

// Server serves the API.
type Server struct {
	opt        Options
	handler    http.Handler
	uploads    *uploads
	prometheus http.Handler
	own        *metrics.Newest // this process
	disposals  disposals
	told       *told
}

// New returns a server. It serves what Serve is given, or as an http.Handler.
func New(opt Options) (*Server, error) {
	if opt.UploadLimit == 0 {
		opt.UploadLimit = 1 << 30
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	u, err := openUploads(opt.UploadDir)
	if err != nil {
		return nil, err
	}
	s := &Server{opt: opt, uploads: u, own: metrics.NewNewest(), told: newTold()}
	if s.prometheus, err = metrics.Handler(s.allMetrics); err != nil {
		return nil, err
	}
	s.handler = s.guard(s.mux())
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// shutdownTime is how long requests may take to end when the server does.
const shutdownTime = 5 * time.Second

// Serve answers on a listener until ctx ends.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.opt.Logger.Handler(), slog.LevelDebug)}
	if s.opt.TLS != nil {
		listener = tls.NewListener(listener, s.opt.TLS)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving REST on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	patience, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer stop()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-ended
	return err
}

// mux serves the routes, with and without the prefix.
func (s *Server) mux() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+r.path, s.answer(r))
	}
	serveLeftOut(mux)
	s.servePage(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/v1/"); ok {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = "/"+rest, ""
		}
		if _, pattern := mux.Handler(r); pattern == "" {
			fail(w, notFound("%s %s does not exist: /openapi.json lists what does", r.Method, r.URL.Path))
			return
		}
		mux.ServeHTTP(w, r)
	})
}
