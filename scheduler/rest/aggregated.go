package rest

import (
	"slices"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

// aggregatedOf sums up sub-tasks.
func aggregatedOf(subtasks []messages.Subtask) messages.Aggregated {
	a := messages.Aggregated{Metrics: map[string]messages.Statistics{}, StatusDuration: map[string]messages.Statistics{}}
	values := map[string][]int64{}
	durations := map[string][]int64{}
	for _, t := range subtasks {
		m := &t.Metrics
		for name, value := range map[string]int64{"read-bytes": m.ReadBytes, "write-bytes": m.WriteBytes, "read-records": m.ReadRecords,
			"write-records": m.WriteRecords, "accumulated-busy-time": m.AccumulatedBusy, "accumulated-idle-time": m.AccumulatedIdle,
			"accumulated-backpressured-time": m.AccumulatedBackPressured} {
			values[name] = append(values[name], value)
		}
		for state, d := range t.StatusDuration {
			durations[state] = append(durations[state], d)
		}
	}
	for name, all := range values {
		a.Metrics[name] = statisticsOf(all)
	}
	for state, all := range durations {
		a.StatusDuration[state] = statisticsOf(all)
	}
	return a
}

// statisticsOf sorts values, of which there is at least one. Percentiles are by the nearest rank.
func statisticsOf(values []int64) messages.Statistics {
	slices.Sort(values)
	n := len(values)
	rank := func(percent int) int64 { return values[max(0, (percent*n+99)/100-1)] }
	s := messages.Statistics{Min: values[0], Max: values[n-1], Median: rank(50), P25: rank(25), P75: rank(75), P95: rank(95)}
	for _, v := range values {
		s.Sum += v
	}
	s.Avg = s.Sum / int64(n)
	return s
}
