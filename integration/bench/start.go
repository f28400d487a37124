package main

import (
	"context"
	"net"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/collect"
)

var start = benchmark{name: "start", unit: "jobs", about: "process start to first output of a small job",
	cases: []benchCase{{name: "empty-process", run: func(*options) (int64, error) { return 1, nil }},
		{name: "leat", run: runSmall, target: "wall < 100 ms"}}}

func runSmall(*options) (int64, error) {
	begin := time.Now()
	env := datastream.NewEnvironment()
	var first time.Duration
	datastream.Map(datastream.FromSlice(env, 1, 2, 3), func(i int) int { return i * i }).WriteTo(collect.NewSink(func(context.Context, []int) error {
		if first == 0 {
			first = time.Since(begin)
		}
		return nil
	}), "Collect").Parallelism(1)
	_, err := env.Execute(context.Background(), "small")
	notes["first-output"] = first.String()
	return 1, err
}

// silentServer listens on loopback, accepts and says nothing.
func silentServer() (port int, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	quit := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { <-quit; c.Close() }()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, func() { close(quit); l.Close() }, nil
}
