package main

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

const (
	sourceOperator = "Views"
	lateOperator   = "Late Views"
	lateMetric     = "lateViews"
)

// PageView is that a user has looked at a page.
type PageView struct {
	User string    `csv:"user" json:"user"`
	Page string    `csv:"page" json:"page"`
	Time time.Time `csv:"time" json:"time"`
}

// PageCount is how often a page was looked at in a window.
type PageCount struct {
	Start time.Time
	Page  string
	Views int64
}

// String is how a count is printed.
func (c PageCount) String() string {
	return fmt.Sprintf("%s %s %d", c.Start.Format(time.RFC3339), c.Page, c.Views)
}

// windowing is how views are put into windows.
type windowing struct{ size, disorder, lateness time.Duration }

// read reads the views by one sub-task, so that they stay in the order in which they came.
func read(env *datastream.Environment, format, path string, skipMalformed bool) *datastream.Stream[PageView] {
	var files datastream.FileOptions
	if skipMalformed {
		files.Malformed = datastream.SkipMalformed
	}
	if format == "json" {
		return datastream.ReadJSON[PageView](env, datastream.JSONOptions{FileOptions: files}, path).Name(sourceOperator).Parallelism(1)
	}
	return datastream.ReadCSV[PageView](env, datastream.CSVOptions{FileOptions: files}, path).Name(sourceOperator).Parallelism(1)
}

// count counts the views of each page and window, and returns the views that were too late for theirs.
func count(views *datastream.Stream[PageView], w windowing) (counts *datastream.Stream[PageCount], late *datastream.Stream[PageView]) {
	lateViews := datastream.NewOutputTag[PageView]("late")
	timed := datastream.AssignTimestampsAndWatermarks(views,
		datastream.ForGenerator(func() datastream.WatermarkGenerator[PageView] {
			return &everyRecord{disorder: w.disorder.Milliseconds()}
		}).
			WithTimestampAssigner(func(v PageView, _ int64) int64 { return v.Time.UnixMilli() })).Parallelism(1)
	counts = datastream.AggregateProcessWindow(
		datastream.Window(datastream.KeyBy(timed, func(v PageView) string { return v.Page }), datastream.TumblingEventTime(w.size)).
			AllowedLateness(w.lateness).LateTo(lateViews),
		counter{},
		func(ctx *datastream.WindowContext, page string, views int64, out *datastream.Collector[PageCount]) {
			out.Collect(PageCount{time.UnixMilli(ctx.Window().Start).UTC(), page, views})
		}).Name("Count").UID("count")
	late = datastream.MapContext(datastream.SideOutput(counts, lateViews), func(ctx *datastream.Context, v PageView) (PageView, error) {
		ctx.Count(lateMetric, 1)
		return v, nil
	}).Name(lateOperator)
	return counts, late
}

// counter counts the views of a window as they come, so that the window need not keep them.
type counter struct{}

func (counter) CreateAccumulator() int64      { return 0 }
func (counter) Add(_ PageView, n int64) int64 { return n + 1 }
func (counter) Merge(a, b int64) int64        { return a + b }
func (counter) GetResult(n int64) int64       { return n }

// everyRecord moves event time on with each view. ForBoundedOutOfOrderness does so by the clock, five times a second, which
// is cheaper and right for views that come as they are made; a file is read in less time than that.
type everyRecord struct {
	disorder int64 // milliseconds
	newest   int64
	any      bool
}

// OnEvent implements datastream.WatermarkGenerator.
func (g *everyRecord) OnEvent(_ PageView, ms int64) (watermark int64, ok bool) {
	if g.any && ms <= g.newest {
		return 0, false
	}
	g.newest, g.any = ms, true
	return ms - g.disorder - 1, true
}

// OnPeriodicEmit implements datastream.WatermarkGenerator.
func (g *everyRecord) OnPeriodicEmit() (watermark int64, ok bool) { return 0, false }
