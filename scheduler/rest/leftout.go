package rest

import (
	"net/http"
	"strings"
)

// leftOut are Flink's routes whose concept this version does not have, with the reason. They answer 501 with it, and the OpenAPI
// document tells it.
var leftOut = []struct {
	why    string
	routes []string
}{
	{"this version does not change the parallelism of jobs that run", []string{
		"GET /jobs/{job}/resource-requirements", "PUT /jobs/{job}/resource-requirements", "PATCH /jobs/{job}/rescaling", "GET /jobs/{job}/rescaling/{trigger}",
		"GET /jobs/{job}/rescales/overview", "GET /jobs/{job}/rescales/summary", "GET /jobs/{job}/rescales/history", "GET /jobs/{job}/rescales/config",
		"GET /jobs/{job}/rescales/details/{rescale}"}},
	{"outputs are kept for their job alone, so there is nothing to delete", []string{"DELETE /datasets/{dataset}", "GET /datasets/delete/{trigger}"}},
	{"requests that are only to read change nothing: cancel with PATCH /jobs/{job}", []string{"GET /jobs/{job}/yarn-cancel", "GET /jobs/{job}/yarn-stop"}},
	{"cancel the application's jobs", []string{"POST /applications/{application}/cancel"}},
	{"a program's main function always runs as /jars/{jar}/run has it run", []string{"POST /jars/{jar}/run-application"}},
	{"an attached client that is gone leaves its job running", []string{"PATCH /jobs/{job}/clientHeartbeat"}},
	{"coordinators take no requests from outside", []string{"POST /jobs/{job}/coordinators/{operator}"}},
	{"profiles are not collected yet", []string{
		"GET /taskmanagers/{taskmanager}/thread-dump", "GET /taskmanagers/{taskmanager}/profiler", "POST /taskmanagers/{taskmanager}/profiler",
		"GET /taskmanagers/{taskmanager}/profiler/{file}", "GET /jobmanager/profiler", "POST /jobmanager/profiler", "GET /jobmanager/profiler/{file}"}},
	{"there is no history server yet", []string{
		"GET /jobs/{job}/jobmanager/config", "GET /jobs/{job}/jobmanager/environment", "GET /jobs/{job}/jobmanager/log-url",
		"GET /jobs/{job}/taskmanagers/{taskmanager}/log-url"}},
}

// serveLeftOut answers what is left out.
func serveLeftOut(mux *http.ServeMux) {
	for _, x := range leftOut {
		for _, pattern := range x.routes {
			mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
				fail(w, failure(http.StatusNotImplemented, "%s %s is left out: %s", r.Method, r.URL.Path, x.why))
			})
		}
	}
}

// describeLeftOut is the list for the OpenAPI document, in Markdown.
func describeLeftOut() string {
	var b strings.Builder
	b.WriteString("Flink's REST API, as far as its concepts exist here. These routes of Flink 2.3 are left out and answer 501:\n")
	for _, x := range leftOut {
		b.WriteString("\n- " + x.why + ": `" + strings.Join(x.routes, "`, `") + "`")
	}
	return b.String()
}
