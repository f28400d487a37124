package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/leatproject/leat/scheduler/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/leatproject/leat/storage/clock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.UnixMilli(1_700_000_000_000)

// rig is a cluster at a standing clock with its REST server.
type rig struct {
	*jobmanagertest.Cluster
	t      *testing.T
	clock  *clock.Virtual
	server *rest.Server
	tms    []*jobmanagertest.TaskManager
}

// drivers runs nothing.
type drivers struct{ last rest.Driver }

func (d *drivers) Run(_ context.Context, x rest.Driver) (string, error) {
	d.last = x
	return string(jobmanagertest.JobID), nil
}

func (d *drivers) Output(string, string, int64, int) ([]byte, bool, error) { return nil, false, nil }

func (d *drivers) Plan(_ context.Context, x rest.Driver) (json.RawMessage, error) {
	d.last = x
	return json.RawMessage(`{"nodes":[]}`), nil
}

func newRig(t *testing.T, change func(*rest.Options)) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.NewVirtual(start)}
	r.Cluster = jobmanagertest.Start(t, func(o *jobmanager.Options) { o.Clock, o.Round = r.clock, -1 })
	conf := config.New()
	require.NoError(t, conf.Set("rest.port", "8081"))
	log := filepath.Join(t.TempDir(), "own.log")
	require.NoError(t, os.WriteFile(log, []byte("leading\n"), 0o600))
	opt := rest.Options{JobManager: r.JobManager, Configuration: conf, Submit: true, Cancel: true, UploadDir: filepath.Join(t.TempDir(), "uploads"),
		UploadLimit: 64 << 20, Drivers: &drivers{}, LogFiles: map[string]string{"jobmanager.log": log}, Version: "1.2.3", Commit: "abc"}
	if change != nil {
		change(&opt)
	}
	s, err := rest.New(opt)
	require.NoError(t, err)
	r.server = s
	return r
}

func (r *rig) do(method, path string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, "http://localhost:8081"+path, body).WithContext(r.t.Context())
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, request)
	return w
}

// get decodes a successful answer.
func get[T any](r *rig, path string) (body T) {
	r.t.Helper()
	w := r.do("GET", path, nil)
	require.Equal(r.t, 200, w.Code, w.Body.String())
	require.NoError(r.t, json.Unmarshal(w.Body.Bytes(), &body))
	return body
}

func (r *rig) await(state job.JobState) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		return get[messages.Status](r, "/jobs/"+string(jobmanagertest.JobID)+"/status").Status == state.String()
	}, 2*time.Minute, time.Millisecond)
}

// running is a rig with a running job and its metrics.
func running(t *testing.T) *rig {
	r := newRig(t, nil)
	a := r.Join("tm-a", 1, nil)
	a.Welcome()
	b := r.Join("tm-b", 1, nil)
	b.Welcome()
	r.tms = append(r.tms, a, b)
	r.SubmitJob("STREAMING", map[string]string{"pipeline.name": "Word Count"})
	for _, tm := range []*jobmanagertest.TaskManager{a, b} {
		tm.AwaitTasks(2, rpc.TaskState_RUNNING)
		tm.Measure(start.UnixMilli(), 0)
		tm.Measure(start.UnixMilli()+1000, 600)
	}
	r.await(job.Running)
	require.Eventually(t, func() bool {
		for v := range 2 {
			for i := range 2 {
				if f, ok := r.Figures().Task(metrics.Key{Job: string(jobmanagertest.JobID), Vertex: int32(v), Subtask: int32(i)}, 0); !ok || f.RecordsInRate == 0 {
					return false
				}
			}
		}
		ready := false
		r.View(func(s *job.State) {
			j, _ := s.Job(jobmanagertest.JobID)
			ready = j.Vertices[0].Count(job.TaskRunning)+j.Vertices[1].Count(job.TaskRunning) == 4
		})
		return ready
	}, 2*time.Minute, time.Millisecond)
	return r
}

// TestAnswers compares every answer with what testdata/answers says. JOB, V0 and V1 stand for the job and its vertices.
func TestAnswers(t *testing.T) {
	r := running(t)
	d := get[messages.JobDetails](r, "/jobs/"+string(jobmanagertest.JobID))
	names := strings.NewReplacer("JOB", string(jobmanagertest.JobID), "V0", d.Vertices[0].ID, "V1", d.Vertices[1].ID)
	datadriven.RunTest(t, "testdata/answers", func(t *testing.T, d *datadriven.TestData) string {
		var b strings.Builder
		for line := range strings.Lines(d.Input) {
			w := r.do(strings.ToUpper(d.Cmd), names.Replace(strings.TrimSpace(line)), nil)
			fmt.Fprintf(&b, "%d\n", w.Code)
			var indented bytes.Buffer
			if json.Indent(&indented, w.Body.Bytes(), "", "  ") == nil {
				b.WriteString(indented.String())
			} else {
				b.WriteString(w.Body.String())
			}
			b.WriteByte('\n')
		}
		zone, offset := time.Now().Zone()
		return strings.NewReplacer(string(jobmanagertest.JobID), "JOB", names.Replace("V0"), "V0", names.Replace("V1"), "V1",
			fmt.Sprintf(`"timezone-name": %q`, zone), `"timezone-name": ZONE`, fmt.Sprintf(`"timezone-offset": %d`, offset*1000), `"timezone-offset": OFFSET`).Replace(b.String())
	})
}

func TestSubmitCancelAndResult(t *testing.T) {
	r := newRig(t, nil)
	a := r.Join("tm-a", 2, nil)
	digest := blob.DigestOf([]byte(jobmanagertest.Program))
	require.Equal(t, 404, r.do("HEAD", "/blobs/"+digest, nil).Code)
	require.Equal(t, 400, r.do("PUT", "/blobs/"+digest, strings.NewReader("another")).Code)
	require.Equal(t, 201, r.do("PUT", "/blobs/"+digest, strings.NewReader(jobmanagertest.Program)).Code)
	w := r.do("HEAD", "/blobs/"+digest, nil)
	require.Equal(t, 200, w.Code)
	require.Equal(t, jobmanagertest.Program, r.do("GET", "/v1/blobs/"+digest, nil).Body.String())

	submission := messages.NewJob{JobID: string(jobmanagertest.JobID), Program: digest, Submission: jobmanagertest.Submission(t, "STREAMING", nil)}
	body, err := json.Marshal(submission)
	require.NoError(t, err)
	for range 2 { // a repeated submission is the same job
		w = r.do("POST", "/jobs", bytes.NewReader(body))
		require.Equal(t, 202, w.Code, w.Body.String())
		require.JSONEq(t, `{"jobUrl":"/jobs/`+submission.JobID+`","jobId":"`+submission.JobID+`"}`, w.Body.String())
	}
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	require.Equal(t, "IN_PROGRESS", get[messages.ExecutionResult](r, "/jobs/"+submission.JobID+"/execution-result").Status.ID)
	require.Equal(t, 400, r.do("PATCH", "/jobs/"+submission.JobID+"?mode=stop", nil).Code)
	require.Equal(t, 202, r.do("PATCH", "/jobs/"+submission.JobID+"?mode=cancel", nil).Code)
	r.await(job.Canceled)
	result := get[messages.ExecutionResult](r, "/jobs/"+submission.JobID+"/execution-result")
	require.Equal(t, "CANCELED", result.Result.ApplicationStatus)
	require.Equal(t, 1, get[messages.Overview](r, "/overview").JobsCancelled)
}

func TestFailureIsTold(t *testing.T) {
	r := newRig(t, nil)
	a := r.Join("tm-a", 2, nil)
	r.SubmitJob("STREAMING", nil)
	a.AwaitTasks(4, rpc.TaskState_RUNNING)
	a.Fail("division by zero\nat tokenizer.go:12")
	r.await(job.Failed)
	x := get[messages.Exceptions](r, "/jobs/"+string(jobmanagertest.JobID)+"/exceptions")
	require.NotEmpty(t, x.History.Entries)
	require.Equal(t, "division by zero", x.History.Entries[0].Name)
	require.Equal(t, "division by zero\nat tokenizer.go:12", x.History.Entries[0].Stacktrace)
	require.Equal(t, "tm-a", x.History.Entries[0].TaskManagerID)
	require.Equal(t, 400, r.do("GET", "/jobs/"+string(jobmanagertest.JobID)+"/exceptions?maxExceptions=x", nil).Code)
	result := get[messages.ExecutionResult](r, "/jobs/"+string(jobmanagertest.JobID)+"/execution-result")
	require.Contains(t, result.Result.FailureCause.StackTrace, "division by zero")
	require.Equal(t, 409, r.do("PATCH", "/jobs/"+string(jobmanagertest.JobID), nil).Code)
}

func TestBadSubmissions(t *testing.T) {
	r := newRig(t, nil)
	for name, body := range map[string]string{
		"no JSON":       `{`,
		"another shape": `[]`,
		"no submission": `{"program":"` + blob.DigestOf(nil) + `"}`,
		"a bad id":      `{"jobId":"../x"}`,
		"garbage":       `{"submission":"AAAA"}`,
	} {
		w := r.do("POST", "/jobs", strings.NewReader(body))
		require.Equal(t, 400, w.Code, "%s: %s", name, w.Body)
		var e messages.Errors
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
		require.NotEmpty(t, e.Errors)
	}
	body, err := json.Marshal(messages.NewJob{Program: blob.DigestOf(nil), Submission: jobmanagertest.Submission(t, "STREAMING", nil)})
	require.NoError(t, err)
	w := r.do("POST", "/jobs", bytes.NewReader(body))
	require.Equal(t, 400, w.Code)
	require.Contains(t, w.Body.String(), "store it first")
	body, err = json.Marshal(messages.NewJob{Submission: jobmanagertest.Submission(t, "STREAMING", map[string]string{"no.such.key": "1"})})
	require.NoError(t, err)
	require.Contains(t, r.do("POST", "/jobs", bytes.NewReader(body)).Body.String(), "no.such.key")
	require.Empty(t, get[messages.Jobs](r, "/jobs").Jobs)
}

func TestRequestsThatAreRefused(t *testing.T) {
	s, err := secret.Of("0123456789abcdef")
	require.NoError(t, err)
	open, closed := newRig(t, nil), newRig(t, func(o *rest.Options) { o.Secret, o.Submit, o.Cancel = s, false, false })
	for _, tc := range []struct {
		name   string
		rig    *rig
		method string
		path   string
		header []string
		want   int
	}{
		{"another site's form", open, "POST", "/jars/upload", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another site's origin", open, "PATCH", "/jobs/" + string(jobmanagertest.JobID), []string{"Origin", "http://evil.example"}, 403},
		{"the page itself", open, "PATCH", "/jobs/" + string(jobmanagertest.JobID), []string{"Origin", "http://localhost:8081"}, 404},
		{"a name that was pointed here", open, "GET", "/overview", []string{"Host", "evil.example:8081"}, 403},
		{"an address of this machine", open, "GET", "/overview", []string{"Host", "127.0.0.1:8081"}, 200},
		{"no secret", closed, "GET", "/overview", nil, 401},
		{"a wrong secret", closed, "GET", "/overview", []string{"Authorization", "Bearer 0123456789abcdeF"}, 401},
		{"metrics without the secret", closed, "GET", "/metrics", nil, 401},
		{"the secret", closed, "GET", "/v1/overview", []string{"Authorization", s.Bearer()}, 200},
		{"the secret and any name", closed, "GET", "/overview", []string{"Authorization", s.Bearer(), "Host", "jobmanager.example.org"}, 200},
		{"the page without the secret", closed, "GET", "/", nil, 200},
		{"submission that is turned off", closed, "POST", "/jobs", []string{"Authorization", s.Bearer()}, 403},
		{"cancellation that is turned off", closed, "PATCH", "/jobs/" + string(jobmanagertest.JobID), []string{"Authorization", s.Bearer()}, 403},
	} {
		require.Equal(t, tc.want, tc.rig.do(tc.method, tc.path, nil, tc.header...).Code, tc.name)
	}
}

func upload(r *rig, field, name string, content []byte) *httptest.ResponseRecorder {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, name)
	require.NoError(r.t, err)
	_, err = part.Write(content)
	require.NoError(r.t, err)
	require.NoError(r.t, form.Close())
	return r.do("POST", "/jars/upload", &body, "Content-Type", form.FormDataContentType())
}

func TestUploads(t *testing.T) {
	d := &drivers{}
	folder := filepath.Join(t.TempDir(), "uploads")
	r := newRig(t, func(o *rest.Options) { o.Drivers, o.UploadDir = d, folder })
	path, err := os.Executable()
	require.NoError(t, err)
	self, err := os.ReadFile(path)
	require.NoError(t, err)

	w := upload(r, "jarfile", "../../etc/word count", self)
	require.Equal(t, 200, w.Code, w.Body)
	var uploaded messages.JarUploaded
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &uploaded))
	require.Equal(t, "success", uploaded.Status)
	id := filepath.Base(uploaded.Filename)
	require.Equal(t, blob.DigestOf(self)+"_word_count", id)
	jars := get[messages.Jars](r, "/jars")
	require.Len(t, jars.Files, 1)
	require.Equal(t, "word_count", jars.Files[0].Name)

	w = r.do("POST", "/jars/"+id+"/run?parallelism=3&programArg=--input,a%20b", strings.NewReader(`{"flinkConfiguration":{"pipeline.name":"x"}}`))
	require.Equal(t, 200, w.Code, w.Body)
	require.JSONEq(t, `{"jobid":"`+string(jobmanagertest.JobID)+`"}`, w.Body.String())
	require.Equal(t, rest.Driver{Path: filepath.Join(folder, id), Args: []string{"--input", "a b"},
		Configuration: map[string]string{"pipeline.name": "x", "parallelism.default": "3"}}, d.last)
	require.JSONEq(t, `{"plan":{"nodes":[]}}`, r.do("GET", "/jars/"+id+"/plan?program-args=a+b", nil).Body.String())
	require.Equal(t, []string{"a", "b"}, d.last.Args)

	for path, want := range map[string]int{
		"/jars/" + id + "/run?parallelism=0":                   400,
		"/jars/..%2F..%2Fetc%2Fpasswd/run":                     404,
		"/jars/" + blob.DigestOf(nil) + "_x/run":               404,
		"/jars/" + blob.DigestOf(nil) + "_..%2F" + id + "/run": 404,
	} {
		require.Equal(t, want, r.do("POST", path, nil).Code, path)
	}
	require.Contains(t, r.do("POST", "/jars/"+id+"/run", strings.NewReader(`{"flinkConfiguration":{"parallelism.defalt":"1"}}`)).Body.String(), "parallelism.default")
	require.Equal(t, 200, r.do("DELETE", "/jars/"+id, nil).Code)
	require.Equal(t, 404, r.do("DELETE", "/jars/"+id, nil).Code)

	require.Contains(t, upload(r, "jarfile", "x.jar", []byte("PK\x03\x04")).Body.String(), "no Java virtual machine")
	require.Equal(t, 400, upload(r, "jarfile", "..", self).Code)
	require.Equal(t, 400, r.do("POST", "/jars/upload", strings.NewReader("x")).Code)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

// zeros is as long as it is read.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestUploadsAreLimited(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "uploads")
	r := newRig(t, func(o *rest.Options) { o.UploadLimit, o.UploadDir = 10, folder })
	w := upload(r, "jarfile", "x", []byte("12345678901"))
	require.Equal(t, 413, w.Code, w.Body)
	require.Equal(t, 413, r.do("PUT", "/blobs/"+blob.DigestOf(nil), strings.NewReader("12345678901")).Code)
	require.Equal(t, 413, r.do("POST", "/jobs", io.LimitReader(zeros{}, 64<<20+1)).Code)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestMetricsForPrometheus(t *testing.T) {
	r := running(t)
	w := r.do("GET", "/metrics", nil)
	require.Equal(t, 200, w.Code)
	for _, line := range []string{
		`flink_jobmanager_taskSlotsTotal{host="jobmanager"} 2`,
		`flink_jobmanager_job_numRestarts{host="jobmanager",job_id="` + string(jobmanagertest.JobID) + `",job_name="Word Count"} 0`,
		`flink_taskmanager_job_task_operator_numLateRecordsDropped{`,
		`flink_jobmanager_Status_JVM_Memory_Heap_Used{host="jobmanager"} `,
	} {
		require.Contains(t, w.Body.String(), line)
	}
	require.Regexp(t, `flink_taskmanager_job_task_numRecordsInPerSecond\{host="tm-a.example.org",.*task_name="counts -> Sink: Print to Std. Out",tm_id="tm-a"\} 600`, w.Body.String())
}

func TestServeEndsWithItsContext(t *testing.T) {
	r := newRig(t, nil)
	server := httptest.NewUnstartedServer(nil)
	listener := server.Listener
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(ctx, listener) }()
	answer, err := http.Get("http://" + listener.Addr().String() + "/overview")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, 200, answer.StatusCode)
	stop()
	require.NoError(t, <-served)
	http.DefaultClient.CloseIdleConnections()
}

func TestThreadDump(t *testing.T) {
	r := newRig(t, nil)
	dump := get[messages.ThreadDump](r, "/jobmanager/thread-dump")
	require.NotEmpty(t, dump.Threads)
	require.Contains(t, dump.Threads[0].Name, "goroutine")
	require.Contains(t, get[messages.Environment](r, "/jobmanager/environment").JVM.Version, "go1.")
}

func TestPageReadsOnlyWhatExists(t *testing.T) {
	r := newRig(t, nil)
	script := r.do("GET", "/page.js", nil)
	require.Equal(t, 200, script.Code)
	require.Contains(t, script.Header().Get("Content-Type"), "text/javascript")
	require.NotContains(t, script.Body.String(), "method:", "the page changes nothing")
	html := r.do("GET", "/", nil)
	require.Contains(t, html.Body.String(), `src="page.js"`)
	require.NotContains(t, html.Body.String(), `="/`, "URLs are relative, for proxies")
	require.Equal(t, 200, r.do("GET", "/page.css", nil).Code)
	require.Equal(t, 404, r.do("GET", "/page.go", nil).Code)
}

// A proxy that checks its users itself may read what needs no right, and nothing else.
func TestReaders(t *testing.T) {
	s, err := secret.Of("0123456789abcdef")
	require.NoError(t, err)
	cluster := jobmanagertest.Start(t, nil)
	ended := make(chan struct{})
	server, err := rest.New(rest.Options{JobManager: cluster.JobManager, Configuration: config.New(), Secret: s, Submit: true, Cancel: true,
		UploadDir: t.TempDir(), Readers: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Shutdown: func() { close(ended) }})
	require.NoError(t, err)
	ask := func(method, path, from, bearer string) int {
		r := httptest.NewRequest(method, path, nil)
		r.RemoteAddr = from
		r.Header.Set("Authorization", bearer)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w.Code
	}
	for _, x := range []struct {
		method, path, from string
		want               int
	}{
		{"GET", "/overview", "10.0.0.1:5", 200},
		{"GET", "/v1/jobs/overview", "[::ffff:10.0.0.1]:5", 200},
		{"GET", "/overview", "10.0.0.2:5", 401},
		{"GET", "/jars", "10.0.0.1:5", 401},
		{"PUT", "/blobs/" + strings.Repeat("0", 64), "10.0.0.1:5", 401},
		{"DELETE", "/cluster", "10.0.0.1:5", 401},
	} {
		require.Equal(t, x.want, ask(x.method, x.path, x.from, ""), "%s %s from %s", x.method, x.path, x.from)
	}
	require.Equal(t, 200, ask("DELETE", "/cluster", "10.0.0.2:5", s.Bearer()))
	<-ended
}
