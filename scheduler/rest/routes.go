package rest

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

// right is what a route needs besides the secret.
type right uint8

const (
	toRead right = iota
	toSubmit
	toCancel
)

// route is a path of the API.
type route struct {
	method, path, summary string
	right                 right
	status                int // of success; 0 is 200
	// handle returns the body of the answer, as JSON or as a stream.
	handle func(*http.Request) (any, error)
	// query are the parameters that it takes, and result an example of the body's type, for the document.
	query  []string
	result any
	// contentType is that of a stream.
	contentType string
}

// stream is an answer that is no JSON.
type stream struct {
	contentType string
	write       func(http.ResponseWriter) error
}

func (s *Server) routes() []route {
	return []route{
		{method: "GET", path: "/openapi.json", summary: "this document", handle: s.document, result: struct{}{}},
		{method: "GET", path: "/metrics", summary: "all metrics, for Prometheus", handle: s.metrics, contentType: "text/plain"},
		{method: "GET", path: "/overview", summary: "numbers of TaskManagers, slots and jobs", handle: s.overview, result: messages.Overview{}},
		{method: "GET", path: "/config", summary: "versions and features, for web pages", handle: s.config, result: messages.Config{}},
		{method: "GET", path: "/datasets", summary: "always empty: outputs are kept for their job alone", handle: s.dataSets, result: messages.DataSets{}},
		{method: "GET", path: "/applications/overview", summary: "all applications, each a run of a program with its jobs", handle: s.applicationsOverview, result: messages.Applications{}},
		{method: "GET", path: "/applications/{application}", summary: "an application with its jobs", handle: s.application, result: messages.Application{}},
		{method: "GET", path: "/applications/{application}/exceptions", summary: "always empty: a main function that fails tells its caller", handle: s.applicationExceptions, result: messages.ApplicationExceptions{}},
		{method: "GET", path: "/applications/{application}/jobmanager/config", summary: "the JobManager's configuration, secrets masked", handle: s.applicationConfig, result: []messages.ConfigEntry{}},
		{method: "GET", path: "/jobs", summary: "ids and states of all jobs", handle: s.jobs, result: messages.Jobs{}},
		{method: "POST", path: "/jobs", summary: "submit a job whose program is in the blob store", right: toSubmit, status: 202, handle: s.submit, result: messages.JobSubmitted{}},
		{method: "GET", path: "/jobs/overview", summary: "an overview of all jobs", handle: s.jobsOverview, result: messages.JobsOverview{}},
		{method: "GET", path: "/jobs/metrics", summary: "metrics over jobs", handle: s.jobsMetrics, query: []string{"get", "agg", "jobs"}, result: []messages.AggregatedMetric{}},
		{method: "GET", path: "/jobs/{job}", summary: "details of a job with its vertices and its plan", handle: s.job, result: messages.JobDetails{}},
		{method: "PATCH", path: "/jobs/{job}", summary: "cancel a job", right: toCancel, status: 202, handle: s.cancel, query: []string{"mode"}, result: struct{}{}},
		{method: "GET", path: "/jobs/{job}/status", summary: "a job's state", handle: s.jobStatus, result: messages.Status{}},
		{method: "GET", path: "/jobs/{job}/plan", summary: "a job's plan", handle: s.jobPlan, result: messages.Plan{}},
		{method: "GET", path: "/jobs/{job}/config", summary: "what a job was configured with", handle: s.jobConfig, result: messages.JobConfig{}},
		{method: "GET", path: "/jobs/{job}/exceptions", summary: "a job's failures, the newest first", handle: s.exceptions, query: []string{"maxExceptions"}, result: messages.Exceptions{}},
		{method: "GET", path: "/jobs/{job}/accumulators", summary: "always empty", handle: s.accumulators, result: messages.Accumulators{}},
		{method: "GET", path: "/jobs/{job}/execution-result", summary: "what a job came to", handle: s.executionResult, result: messages.ExecutionResult{}},
		{method: "GET", path: "/jobs/{job}/metrics", summary: "a job's metrics", handle: s.jobMetrics, query: []string{"get"}, result: []messages.Metric{}},
		{method: "GET", path: "/jobs/{job}/checkpoints", summary: "a streaming job's latest checkpoints", handle: s.checkpoints, result: messages.Checkpoints{}},
		{method: "GET", path: "/jobs/{job}/checkpoints/config", summary: "how a streaming job takes checkpoints", handle: s.checkpointConfig, result: messages.CheckpointConfig{}},
		{method: "GET", path: "/jobs/{job}/checkpoints/details/{checkpoint}", summary: "a checkpoint", handle: s.checkpoint, result: messages.Checkpoint{}},
		{method: "GET", path: "/jobs/{job}/checkpoints/details/{checkpoint}/subtasks/{vertex}", summary: "the sub-tasks of a vertex in a checkpoint", handle: s.checkpointVertex, result: messages.CheckpointVertex{}},
		{method: "POST", path: "/jobs/{job}/checkpoints", summary: "take a checkpoint now", right: toCancel, status: 202, handle: s.triggerCheckpoint, result: messages.Triggered{}},
		{method: "GET", path: "/jobs/{job}/checkpoints/{trigger}", summary: "what has become of a checkpoint that was asked for", handle: s.checkpointStatus, result: messages.CheckpointStatus{}},
		{method: "POST", path: "/jobs/{job}/savepoints", summary: "take a savepoint", right: toCancel, status: 202, handle: s.triggerSavepoint, result: messages.Triggered{}},
		{method: "GET", path: "/jobs/{job}/savepoints/{trigger}", summary: "what has become of a savepoint, also of one that a job is stopped with", handle: s.savepointStatus, result: messages.SavepointStatus{}},
		{method: "POST", path: "/jobs/{job}/stop", summary: "stop a job with a savepoint", right: toCancel, status: 202, handle: s.stop, result: messages.Triggered{}},
		{method: "POST", path: "/savepoint-disposal", summary: "delete a savepoint", right: toCancel, status: 202, handle: s.dispose, result: messages.Triggered{}},
		{method: "GET", path: "/savepoint-disposal/{trigger}", summary: "what has become of a disposal", handle: s.disposalStatus, result: messages.SavepointStatus{}},
		{method: "GET", path: "/jobs/{job}/output", summary: "what a job's workers have written to a stream", handle: s.jobOutput, query: []string{"name", "taskmanager", "offset", "limit", "wait"}, result: messages.Output{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}", summary: "sub-tasks of a vertex", handle: s.vertex, result: messages.JobVertexDetails{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/subtasktimes", summary: "when sub-tasks entered their states", handle: s.subtaskTimes, result: messages.SubtaskTimes{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/taskmanagers", summary: "a vertex by TaskManager", handle: s.vertexTaskManagers, result: messages.VertexTaskManagers{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/backpressure", summary: "how busy and back-pressured sub-tasks are", handle: s.backPressure, result: messages.BackPressure{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/flamegraph", summary: "says that flame graphs are turned off", handle: s.flameGraph, query: []string{"type", "subtaskindex"}, result: messages.FlameGraph{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/jm-operator-metrics", summary: "always empty: coordinators run in workers", handle: s.coordinatorMetrics, query: []string{"get"}, result: []messages.Metric{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/subtasks/accumulators", summary: "always empty", handle: s.subtasksAccumulators, result: messages.SubtasksAccumulators{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/watermarks", summary: "watermarks of sub-tasks", handle: s.watermarks, result: []messages.Metric{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/metrics", summary: "metrics of sub-tasks, as INDEX.NAME", handle: s.vertexMetrics, query: []string{"get"}, result: []messages.Metric{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/subtasks/metrics", summary: "metrics over sub-tasks", handle: s.subtasksMetrics, query: []string{"get", "agg", "subtasks"}, result: []messages.AggregatedMetric{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/subtasks/{subtask}", summary: "a sub-task's current attempt", handle: s.subtask, result: messages.Subtask{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/subtasks/{subtask}/attempts/{attempt}", summary: "a sub-task's current attempt", handle: s.attempt, result: messages.Subtask{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/subtasks/{subtask}/attempts/{attempt}/accumulators", summary: "always empty", handle: s.attemptAccumulators, result: messages.AttemptAccumulators{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/accumulators", summary: "always empty", handle: s.vertexAccumulators, result: messages.VertexAccumulators{}},
		{method: "GET", path: "/jobs/{job}/vertices/{vertex}/subtasks/{subtask}/metrics", summary: "a sub-task's metrics", handle: s.subtaskMetrics, query: []string{"get"}, result: []messages.Metric{}},
		{method: "GET", path: "/taskmanagers", summary: "all TaskManagers", handle: s.taskManagers, result: messages.TaskManagers{}},
		{method: "GET", path: "/taskmanagers/metrics", summary: "metrics over TaskManagers", handle: s.taskManagersMetrics, query: []string{"get", "agg", "taskmanagers"}, result: []messages.AggregatedMetric{}},
		{method: "GET", path: "/taskmanagers/{taskmanager}", summary: "details of a TaskManager", handle: s.taskManager, result: messages.TaskManagerDetails{}},
		{method: "GET", path: "/taskmanagers/{taskmanager}/metrics", summary: "a TaskManager's metrics", handle: s.taskManagerMetrics, query: []string{"get"}, result: []messages.Metric{}},
		{method: "GET", path: "/taskmanagers/{taskmanager}/logs", summary: "a TaskManager's log files", handle: s.taskManagerLogs, result: messages.LogFiles{}},
		{method: "GET", path: "/taskmanagers/{taskmanager}/logs/{file}", summary: "a log file", handle: s.taskManagerLogFile, contentType: plainText},
		{method: "GET", path: "/taskmanagers/{taskmanager}/log", summary: "a TaskManager's own log", handle: s.taskManagerLog, contentType: plainText},
		{method: "GET", path: "/taskmanagers/{taskmanager}/stdout", summary: "what a TaskManager has written to standard output", handle: s.taskManagerStdout, contentType: plainText},
		{method: "DELETE", path: "/cluster", summary: "end a cluster whose TaskManagers were started for it", right: toSubmit, handle: s.shutdown, result: struct{}{}},
		{method: "GET", path: "/jobmanager/config", summary: "the JobManager's configuration, secrets masked", handle: s.jobManagerConfig, result: []messages.ConfigEntry{}},
		{method: "GET", path: "/jobmanager/members", summary: "the JobManagers of the cluster", handle: s.members, result: messages.Members{}},
		{method: "POST", path: "/jobmanager/members", summary: "add the JobManager at an address, or tell that a member is there now", right: toSubmit, status: 201, handle: s.addMember, result: messages.MemberAdded{}},
		{method: "DELETE", path: "/jobmanager/members/{member}", summary: "remove a JobManager by its id or address", right: toSubmit, handle: s.removeMember, result: struct{}{}},
		{method: "POST", path: "/jobmanager/members/{member}/leader", summary: "have a JobManager lead, by its id or address", right: toSubmit, handle: s.transfer, result: struct{}{}},
		{method: "GET", path: "/jobmanager/metrics", summary: "the JobManager's metrics", handle: s.jobManagerMetrics, query: []string{"get"}, result: []messages.Metric{}},
		{method: "GET", path: "/jobmanager/environment", summary: "the JobManager's process", handle: s.environment, result: messages.Environment{}},
		{method: "GET", path: "/jobmanager/thread-dump", summary: "the stacks of the JobManager's goroutines", handle: s.threadDump, result: messages.ThreadDump{}},
		{method: "GET", path: "/jobmanager/logs", summary: "the JobManager's log files", handle: s.jobManagerLogs, result: messages.LogFiles{}},
		{method: "GET", path: "/jobmanager/logs/{file}", summary: "a log file", handle: s.jobManagerLogFile, contentType: plainText},
		{method: "GET", path: "/jobmanager/log", summary: "the JobManager's own log", handle: s.jobManagerLog, contentType: plainText},
		{method: "GET", path: "/jobmanager/stdout", summary: "what the JobManager has written to standard output", handle: s.jobManagerStdout, contentType: plainText},
		{method: "GET", path: "/applications/{application}/values/{name}", summary: "what a driver has stored for its next attempts", right: toSubmit, handle: s.applicationValue},
		{method: "PUT", path: "/applications/{application}/values/{name}", summary: "store a value for the next attempts of a driver; answers with the first of that name", right: toSubmit, handle: s.storeApplicationValue},
		{method: "GET", path: "/schedules", summary: "programs that are run again and again", handle: s.schedules, result: messages.Schedules{}},
		{method: "GET", path: "/schedules/{schedule}", summary: "a schedule with its latest runs", handle: s.schedule, result: messages.ScheduleDetails{}},
		{method: "PUT", path: "/schedules/{schedule}", summary: "add or replace a schedule whose program is in the blob store", right: toSubmit, status: 201, handle: s.addSchedule, result: struct{}{}},
		{method: "PATCH", path: "/schedules/{schedule}", summary: "pause or resume a schedule", right: toSubmit, handle: s.changeSchedule, query: []string{"mode"}, result: struct{}{}},
		{method: "DELETE", path: "/schedules/{schedule}", summary: "remove a schedule; a run of it goes on", right: toSubmit, handle: s.removeSchedule, result: struct{}{}},
		{method: "GET", path: "/jars", summary: "uploaded programs", right: toSubmit, handle: s.jars, result: messages.Jars{}},
		{method: "POST", path: "/jars/upload", summary: "upload a program, a binary for the cluster's platform, as multipart/form-data", right: toSubmit, handle: s.uploadJar, result: messages.JarUploaded{}},
		{method: "DELETE", path: "/jars/{jar}", summary: "delete an uploaded program", right: toSubmit, handle: s.deleteJar, result: struct{}{}},
		{method: "GET", path: "/jars/{jar}/plan", summary: "the plan of a program's first job", right: toSubmit, handle: s.planJar, query: jarQuery, result: messages.Plan{}},
		{method: "POST", path: "/jars/{jar}/plan", summary: "the plan of a program's first job", right: toSubmit, handle: s.planJar, query: jarQuery, result: messages.Plan{}},
		{method: "POST", path: "/jars/{jar}/run", summary: "run a program; answers when its first job is submitted", right: toSubmit, handle: s.runJar, query: jarQuery, result: messages.JarStarted{}},
		{method: "HEAD", path: "/blobs/{digest}", summary: "whether there is a blob", right: toSubmit, handle: s.hasBlob, contentType: "application/octet-stream"},
		{method: "GET", path: "/blobs/{digest}", summary: "a blob by its SHA-256", right: toSubmit, handle: s.getBlob, contentType: "application/octet-stream"},
		{method: "PUT", path: "/blobs/{digest}", summary: "store a blob by its SHA-256", right: toSubmit, status: 201, handle: s.putBlob, result: struct{}{}},
	}
}

// answer makes a handler of a route.
func (s *Server) answer(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				s.opt.Logger.Error("request failed", "path", request.URL.Path, "panic", p, "stack", string(debug.Stack()))
				fail(w, fmt.Errorf("internal error: look at the JobManager's log"))
			}
		}()
		if r.right != toRead && request.Context().Value(reader{}) != nil {
			unauthorized(w)
			return
		}
		if err := s.permit(r.right); err != nil {
			fail(w, err)
			return
		}
		body, err := r.handle(request)
		if err != nil {
			fail(w, err)
			return
		}
		if x, ok := body.(stream); ok {
			if x.contentType != "" {
				w.Header().Set("Content-Type", x.contentType)
			}
			if err := x.write(w); err != nil {
				s.opt.Logger.Debug("answer broke off", "path", request.URL.Path, "error", err)
			}
			return
		}
		reply(w, max(r.status, http.StatusOK), body)
	})
}

// permit refuses what the configuration turns off.
func (s *Server) permit(r right) error {
	switch {
	case r == toSubmit && !s.opt.Submit:
		return failure(http.StatusForbidden, "refused: this cluster takes no programs by REST (web.submit.enable)")
	case r == toCancel && !s.opt.Cancel:
		return failure(http.StatusForbidden, "refused: this cluster cancels no jobs by REST (web.cancel.enable)")
	}
	return nil
}
