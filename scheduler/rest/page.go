package rest

import (
	"embed"
	"net/http"
)

// page is the web page: it reads, by relative URLs and polling, and changes nothing.
//
//go:embed page
var page embed.FS

// pageFiles are its files by path.
var pageFiles = map[string]struct{ file, contentType string }{
	"/":         {"page/index.html", "text/html; charset=UTF-8"},
	"/page.js":  {"page/page.js", "text/javascript; charset=UTF-8"},
	"/page.css": {"page/page.css", "text/css; charset=UTF-8"},
}

// isPage tells whether a request is for the page itself, which holds no secret.
func isPage(r *http.Request) bool {
	_, ok := pageFiles[r.URL.Path]
	return ok && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

func (s *Server) servePage(mux *http.ServeMux) {
	for path, f := range pageFiles {
		pattern := "GET " + path
		if path == "/" {
			pattern = "GET /{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			content, err := page.ReadFile(f.file)
			if err != nil {
				fail(w, err)
				return
			}
			w.Header().Set("Content-Type", f.contentType)
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(content) // a client that has gone needs no answer
		})
	}
}
