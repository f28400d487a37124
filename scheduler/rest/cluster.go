package rest

import (
	"net/http"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func (s *Server) overview(*http.Request) (any, error) {
	o := messages.Overview{FlinkVersion: FlinkVersion, FlinkCommit: s.opt.Commit, LeatVersion: s.opt.Version, LeatCommit: s.opt.Commit}
	s.opt.JobManager.View(func(st *job.State) {
		for range st.TaskManagers {
			o.TaskManagers++
		}
		o.SlotsTotal, o.SlotsAvailable = st.Slots()
		for j := range st.Jobs {
			switch j.State {
			case job.Finished:
				o.JobsFinished++
			case job.Canceled:
				o.JobsCancelled++
			case job.Failed:
				o.JobsFailed++
			default:
				o.JobsRunning++
			}
		}
	})
	leader, _ := s.opt.JobManager.Leader()
	o.Leader = leader.Control
	return o, nil
}

// refresh is how often the page asks, in milliseconds.
const refresh = 3000

func (s *Server) config(*http.Request) (any, error) {
	name, offset := time.Now().Zone()
	return messages.Config{RefreshInterval: refresh, TimezoneName: name, TimezoneOffset: offset * 1000, FlinkVersion: FlinkVersion,
		FlinkRevision: s.opt.Commit, LeatVersion: s.opt.Version,
		Features: messages.Features{WebSubmit: s.opt.Submit, WebCancel: s.opt.Cancel}}, nil
}

func (s *Server) dataSets(*http.Request) (any, error) {
	return messages.DataSets{DataSets: []string{}}, nil
}

func (s *Server) jobManagerConfig(*http.Request) (any, error) {
	entries := []messages.ConfigEntry{}
	for _, v := range s.opt.Configuration.All() {
		entries = append(entries, messages.ConfigEntry{Key: v.Key, Value: v.Value})
	}
	return entries, nil
}

// maskedValue is a value as it may be shown.
func maskedValue(key, value string) string {
	conf := config.New()
	if conf.Set(key, value) != nil {
		return "******"
	}
	for _, v := range conf.All() {
		if v.Key == key {
			return v.Value
		}
	}
	return value
}

func (s *Server) shutdown(*http.Request) (any, error) {
	if s.opt.Shutdown == nil {
		return nil, failure(http.StatusNotImplemented, "DELETE /cluster is left out: processes of this cluster are ended with SIGTERM (scripts/stop-cluster.sh), not by a request")
	}
	s.opt.Shutdown()
	return struct{}{}, nil
}
