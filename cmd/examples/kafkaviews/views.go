package main

import (
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// PageView is that a user has looked at a page.
type PageView struct {
	User string `json:"user"`
	Page string `json:"page"`
}

// PageCount is how often a page was looked at in a window.
type PageCount struct {
	Start time.Time `json:"start"`
	Page  string    `json:"page"`
	Views int64     `json:"views"`
}

// count counts the views of each page and window.
func count(views *datastream.Stream[PageView], size time.Duration) *datastream.Stream[PageCount] {
	pages := datastream.KeyBy(views, func(v PageView) string { return v.Page })
	return datastream.AggregateProcessWindow(datastream.Window(pages, datastream.TumblingEventTime(size)), counter{},
		func(ctx *datastream.WindowContext, page string, views int64, out *datastream.Collector[PageCount]) {
			out.Collect(PageCount{time.UnixMilli(ctx.Window().Start).UTC(), page, views})
		}).Name("Count").UID("count")
}

// counter counts the views of a window as they come, so that the window need not keep them.
type counter struct{}

func (counter) CreateAccumulator() int64      { return 0 }
func (counter) Add(_ PageView, n int64) int64 { return n + 1 }
func (counter) Merge(a, b int64) int64        { return a + b }
func (counter) GetResult(n int64) int64       { return n }
