package rest

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/leatproject/leat/resourcemanager/secret"
)

// contentPolicy lets the page load its own files and ask this server, and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'self'"

// guard lets only those requests through that may be answered here.
func (s *Server) guard(next http.Handler) http.Handler {
	sameSite := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", contentPolicy)
		anonymous := !isPage(r) && !s.opt.Secret.MatchesBearer(r.Header.Get("Authorization"))
		switch err := sameSite.Check(r); {
		case err != nil:
			fail(w, failure(http.StatusForbidden, "refused: the request comes from another site (%w)", err))
		case s.opt.Secret.IsZero() && r.TLS == nil && !s.ownName(r.Host):
			fail(w, failure(http.StatusForbidden, "refused: %q is no name of this server: use localhost, or set rest.address to it", r.Host))
		case anonymous && !s.isReader(r):
			unauthorized(w)
		case !isLocal(r) && s.redirected(w, r):
		case anonymous:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), reader{}, true)))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func unauthorized(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="leat"`)
	fail(w, failure(http.StatusUnauthorized, "the cluster's secret is required: send it as Authorization: Bearer, or have cluster.secret-file name its file"))
}

// reader marks the context of a request that came without the secret and may only read.
type reader struct{}

// isReader tells whether a request came by a proxy that may read for others.
func (s *Server) isReader(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.Contains(s.opt.Readers, from.Addr().Unmap())
}

// ownName tells whether a Host header names this machine, so that a page of another site, whose name was pointed here, cannot
// speak to a server without a secret. With TLS the certificate tells.
func (s *Server) ownName(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return secret.IsLoopback(host) || slices.ContainsFunc(s.opt.Hosts, func(own string) bool { return strings.EqualFold(own, host) })
}

// isLocal tells whether every member answers for itself.
func isLocal(r *http.Request) bool { return r.URL.Path == "/metrics" || r.URL.Path == "/openapi.json" }

// redirected sends a client to the leader, or tells it that there is none. It is false when this member leads.
func (s *Server) redirected(w http.ResponseWriter, r *http.Request) bool {
	leader, self := s.opt.JobManager.Leader()
	switch {
	case self:
		return false
	case leader.REST == "" || leader.REST == s.opt.JobManager.Member().REST:
		fail(w, failure(http.StatusServiceUnavailable, "no JobManager leads at the moment: try again"))
	default:
		http.Redirect(w, r, strings.TrimRight(leader.REST, "/")+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}
	return true
}
