package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/client/status"
)

// reporter shows what a program reports about its jobs. Notice may be called from another goroutine than event.
type reporter interface {
	event(e status.Event, line []byte)
	notice(text string)
}

// newReporter chooses how to report: events as they come for machines, a live table on a terminal, plain lines else.
func newReporter(s streams, asJSON, quiet bool) (reporter, streams) {
	switch {
	case asJSON:
		return jsonReporter{s.err}, s
	case quiet:
		return &plainReporter{out: s.err, quiet: true}, s
	case isTerminal(s.err):
		screen := newScreen(s.err)
		if isTerminal(s.out) {
			s.out = screenWriter{screen, s.out}
		}
		s.err = screenWriter{screen, s.err}
		return &tableReporter{screen: screen, meter: meter{}}, s
	}
	return &plainReporter{out: s.err, meter: meter{}}, s
}

// jsonReporter hands on the events, one JSON object a line.
type jsonReporter struct{ out io.Writer }

func (r jsonReporter) event(_ status.Event, line []byte) { fmt.Fprintf(r.out, "%s\n", line) }
func (r jsonReporter) notice(string)                     {}

// plainInterval is the time between two lines about a running job, in milliseconds.
const plainInterval = 10_000

// plainReporter writes a line when a job starts, about every ten seconds, and when it ends; if quiet, only when it ends
// badly.
type plainReporter struct {
	mu      sync.Mutex // of out
	out     io.Writer
	quiet   bool
	meter   meter
	started int64
	shown   int64
}

func (r *plainReporter) notice(text string) {
	if !r.quiet {
		r.print("leat: " + text)
	}
}

func (r *plainReporter) print(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.out, line)
}

func (r *plainReporter) event(e status.Event, _ []byte) {
	if r.quiet {
		if _, bad := codeOf(e); bad {
			r.print(conclusion(e))
		}
		return
	}
	switch {
	case e.Event == status.Submitted:
		r.started, r.shown = e.Time, e.Time
		r.print(submissionLine(e))
		r.meter.measure(e)
	case e.Event == status.Progress && e.Time-r.shown >= plainInterval:
		r.shown = e.Time
		r.print(fmt.Sprintf("%s, %s:%s", e.Job, seconds(e.Time-r.started), r.vertices(e)))
	case e.Last() && e.Event != status.Plan:
		r.print(conclusion(e))
	}
}

func (r *plainReporter) vertices(e status.Event) string {
	var b strings.Builder
	for i, v := range r.meter.measure(e) {
		if i > 0 {
			b.WriteByte(';')
		}
		fmt.Fprintf(&b, " %s %s records (%s/s)", v.name, count(v.records), count(int64(v.rate)))
		if v.lag != "" && v.lag != "-" {
			fmt.Fprintf(&b, ", watermark lag %s", v.lag)
		}
	}
	return b.String()
}

// submissionLine is the one that tools look for to learn a job's id.
func submissionLine(e status.Event) string { return "Job has been submitted with JobID " + e.JobID }

// conclusion is the line about a job that has ended.
func conclusion(e status.Event) string {
	job := "Job"
	if e.Job != "" {
		job += " " + e.Job
	}
	if e.JobID != "" {
		job += " (" + e.JobID + ")"
	}
	took := seconds(e.DurationMs)
	switch e.Event {
	case status.Finished:
		return fmt.Sprintf("%s finished in %s", job, took)
	case status.Failed:
		return fmt.Sprintf("%s failed after %s: %s", job, took, e.Error)
	case status.Canceled:
		return fmt.Sprintf("%s was cancelled after %s", job, took)
	}
	return fmt.Sprintf("%s was rejected: %s", job, e.Error)
}

// meter turns counters into rates. It remembers the last event by vertex.
type meter map[string]sample

type sample struct {
	time, records int64
	rate          float64
}

// reading is one vertex as it is shown.
type reading struct {
	name        string
	state       string
	parallelism int
	records     int64   // taken in, or given out by a source
	rate        float64 // records per second since the last event
	lag         string  // of the watermark behind the clock; "-" when there is no watermark yet, "end" after the last
	busy        float64
}

func (m meter) measure(e status.Event) []reading {
	readings := make([]reading, 0, len(e.Vertices))
	for _, v := range e.Vertices {
		records := max(v.RecordsIn, 0)
		if records == 0 {
			records = v.RecordsOut
		}
		key := e.JobID + "/" + v.ID
		last, known := m[key]
		now := sample{time: e.Time, records: records, rate: last.rate}
		if known && e.Time > last.time {
			now.rate = float64(records-last.records) * 1000 / float64(e.Time-last.time)
		}
		m[key] = now
		readings = append(readings, reading{name: v.Name, state: v.State, parallelism: v.Parallelism, records: records,
			rate: now.rate, lag: lag(v.Watermark, e.Time), busy: v.Busy})
	}
	return readings
}

func lag(watermark *int64, now int64) string {
	switch {
	case watermark == nil || *watermark == math.MinInt64:
		return "-"
	case *watermark == math.MaxInt64:
		return "end"
	}
	return seconds(max(0, now-*watermark))
}

// seconds writes milliseconds for people: "1.2 s", "3 min 20 s", "5 h 2 min".
func seconds(milliseconds int64) string {
	d := time.Duration(milliseconds) * time.Millisecond
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}

// count writes a number for people: "950", "1.2 k", "3.4 M".
func count(n int64) string {
	x, unit := float64(n), ""
	for _, u := range []string{"k", "M", "G", "T"} {
		if x < 999.95 {
			break
		}
		x, unit = x/1000, " "+u
	}
	if unit == "" {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%.1f%s", x, unit)
}
