package status

import (
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/leatproject/leat/shuffle"
)

// Vertices are those of a job on a cluster.
func Vertices(d messages.JobDetails) []Vertex {
	var all []Vertex
	for _, v := range d.Vertices {
		s := Vertex{ID: v.ID, Name: v.Name, Parallelism: v.Parallelism, State: v.Status, RecordsIn: v.Metrics.ReadRecords, RecordsOut: v.Metrics.WriteRecords,
			BytesIn: v.Metrics.ReadBytes, BytesOut: v.Metrics.WriteBytes}
		if v.Metrics.Watermark != shuffle.MinWatermark {
			s.Watermark = &v.Metrics.Watermark
		}
		all = append(all, s)
	}
	return all
}
