package rest

import (
	"net/http"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

// backPressure tells of the last period of the metrics, or that nothing is known: the vertex has not begun or has ended.
func (s *Server) backPressure(r *http.Request) (any, error) {
	x := messages.BackPressure{Status: "deprecated"}
	err := s.withVertex(r, func(v vertexOf) error {
		worst, known := 0.0, false
		for i := range v.state.Subtasks {
			f, ok := s.figure(v.Job, v.index, i)
			known = known || ok && !v.state.Subtasks[i].State.Terminal()
			worst = max(worst, f.BackPressuredRatio)
			x.Subtasks = append(x.Subtasks, messages.SubtaskBackPressure{Subtask: i, Attempt: max(0, int(v.state.Subtasks[i].Attempt)),
				Level: level(f.BackPressuredRatio), LevelToo: level(f.BackPressuredRatio), Ratio: f.BackPressuredRatio, IdleRatio: f.IdleRatio, BusyRatio: f.BusyRatio})
		}
		if !known {
			x.Subtasks = nil
			return nil
		}
		x.Status, x.EndTime, x.Level, x.LevelToo = "ok", int64(v.now), level(worst), level(worst)
		return nil
	})
	return x, err
}

// level has Flink's words and bounds.
func level(ratio float64) string {
	switch {
	case ratio <= 0.10:
		return "ok"
	case ratio <= 0.5:
		return "low"
	}
	return "high"
}
