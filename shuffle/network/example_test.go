package network_test

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// Two workers of a job: a task on the first sends words to a task on the second.
func Example() {
	token := wire.JobToken([]byte("the cluster's secret"), "job-1")
	first := network.New(network.Options{Job: "job-1", Worker: "w1", Token: token})
	second := network.New(network.Options{Job: "job-1", Worker: "w2", Token: token})
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go second.Serve(port)

	failed := func(err error) { fmt.Println("task fails:", err) }
	channel := wire.Channel{Edge: 0, From: wire.Task{Vertex: "source"}, To: wire.Task{Vertex: "count"}}

	arrived := make(chan struct{}, 1)
	gate := shuffle.NewGate(nil, func() {
		select {
		case arrived <- struct{}{}:
		default:
		}
	})
	second.Input(column.NewBatch[string](), failed).Connect(channel, gate.Connect(0))

	out := first.Sender(network.Peer{Worker: "w2", Address: port.Addr().String()}, channel, failed)
	out.Send(shuffle.Element{Batch: column.BatchOf([]string{"to", "be"})})
	out.Send(shuffle.Element{Kind: shuffle.End})

	for ended := false; !ended; {
		_, e, ok := gate.Receive()
		switch {
		case !ok:
			<-arrived
		case e.Kind == shuffle.End:
			ended = true
		default:
			fmt.Println(column.Rows[string](e.Batch))
			e.Batch.Release()
		}
	}
	var group sync.WaitGroup
	for _, x := range []*network.Exchange{first, second} {
		group.Go(func() { _ = x.Close(context.Background()) })
	}
	group.Wait()
	port.Close()
	// Output: [to be]
}
