package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

var (
	exchangeBytes = benchmark{name: "exchange-tcp", unit: "MiB", about: "rows of 256 bytes from one process to another over loopback",
		cases: []benchCase{{name: "tcp-256KiB", run: twoProcesses(tcpReceive, tcpSend)},
			{name: "leat", run: twoProcesses(wideReceive, wideSend), target: "60 % of base per second"}}}
	exchangeRows = benchmark{name: "exchange-rows", unit: "rows", about: "rows of 28 bytes with key hashes from one process to another",
		cases: []benchCase{{name: "tcp-256KiB", run: twoProcesses(tcpRowsReceive, tcpRowsSend)},
			{name: "leat", run: twoProcesses(smallReceive, smallSend), target: "5 M/s"}}}
	exchangeHop = benchmark{name: "exchange-hop", unit: "hops", about: "there and back between two processes, 1,000 a second",
		cases: []benchCase{{name: "tcp-ping-pong", run: twoProcesses(tcpEcho, tcpPing)},
			{name: "leat", run: twoProcesses(leatEcho, leatPing), target: "p99 of a hop < 1 ms"}}}
)

const (
	peerVariable  = "LEAT_BENCH_PEER"
	shuffleBytes  = 4 << 30
	shuffleWrite  = 256 << 10
	smallRows     = 50_000_000
	smallRowBytes = 28 + 8
	pings         = 3000
)

// twoProcesses runs receive in this process and send in another that it starts; CPU time is that of both.
func twoProcesses(receive func(l net.Listener) (int64, error), send func(address string) error) func(*options) (int64, error) {
	return func(*options) (int64, error) {
		if address := os.Getenv(peerVariable); address != "" {
			return 0, send(address)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		defer l.Close()
		self, err := os.Executable()
		if err != nil {
			return 0, err
		}
		peer := exec.Command(self)
		peer.Env = append(os.Environ(), peerVariable+"="+l.Addr().String())
		if path := os.Getenv("LEAT_BENCH_PROFILE"); path != "" {
			peer.Env = append(peer.Env, "LEAT_BENCH_PROFILE="+path+".peer")
		}
		var said bytes.Buffer
		peer.Stdout, peer.Stderr = &said, os.Stderr
		if err := peer.Start(); err != nil {
			return 0, err
		}
		start := time.Now()
		n, err := receive(l)
		took := time.Since(start)
		if err != nil {
			return 0, err
		}
		if err := peer.Wait(); err != nil {
			return 0, err
		}
		perSecond = float64(n) / took.Seconds()
		var other outcome
		if err := json.Unmarshal(said.Bytes(), &other); err != nil {
			return 0, fmt.Errorf("sender said %q: %w", said.String(), err)
		}
		if other.Error != "" {
			return 0, errors.New(other.Error)
		}
		maps.Copy(notes, other.Notes)
		return n, nil
	}
}

func tcpReceive(l net.Listener) (int64, error) { return tcpDrain(l, shuffleBytes, 1<<20) }
func tcpSend(address string) error             { return tcpFill(address, shuffleBytes) }

func tcpRowsReceive(l net.Listener) (int64, error) {
	return tcpDrain(l, smallRows*smallRowBytes, smallRowBytes)
}
func tcpRowsSend(address string) error { return tcpFill(address, smallRows*smallRowBytes) }

func tcpDrain(l net.Listener, total, unit int64) (int64, error) {
	conn, err := l.Accept()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	buf := make([]byte, 2*shuffleWrite)
	var n int64
	for n < total {
		k, err := conn.Read(buf)
		if err != nil {
			return 0, err
		}
		n += int64(k)
	}
	return n / unit, nil
}

func tcpFill(address string, total int64) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	buf := make([]byte, shuffleWrite)
	for n := int64(0); n < total; n += int64(len(buf)) {
		if _, err := conn.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

type wideRow [32]int64

type smallRow struct {
	Key, Value int64
	Kind       int32
	Price      float64
}

func wideReceive(l net.Listener) (int64, error) {
	rows, err := leatReceive[wideRow](l)
	return rows * 256 >> 20, err
}
func wideSend(address string) error { return leatSend[wideRow](address, shuffleBytes/256, false) }

func smallReceive(l net.Listener) (int64, error) { return leatReceive[smallRow](l) }
func smallSend(address string) error             { return leatSend[smallRow](address, smallRows, true) }

func worker(name string) *network.Exchange {
	return network.New(network.Options{Job: "bench", Worker: name, Token: []byte("bench"), Logger: slog.New(slog.DiscardHandler),
		ClientTLS: encryption, ServerTLS: encryption})
}

func benchChannel(from string) wire.Channel {
	return wire.Channel{From: wire.Task{Vertex: from}, To: wire.Task{Vertex: "to"}}
}

// mailbox is a gate and how to wait for it.
type mailbox struct {
	gate  *shuffle.Gate
	woken chan struct{}
}

func newMailbox() *mailbox {
	m := &mailbox{woken: make(chan struct{}, 1)}
	m.gate = shuffle.NewGate(nil, m.wake)
	return m
}

func (m *mailbox) wake() {
	select {
	case m.woken <- struct{}{}:
	default:
	}
}

func (m *mailbox) next() shuffle.Element {
	for {
		if _, e, ok := m.gate.Receive(); ok {
			return e
		}
		<-m.woken
	}
}

func exitOnLoss(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

func leatReceive[T any](l net.Listener) (rows int64, err error) {
	x := worker("receiver")
	go x.Serve(l)
	m := newMailbox()
	x.Input(column.NewBatch[T](), exitOnLoss).Connect(benchChannel("from"), m.gate.Connect(0))
	for {
		e := m.next()
		switch e.Kind {
		case shuffle.Batch:
			rows += int64(e.Batch.Len())
			e.Batch.Release()
		case shuffle.End:
			return rows, x.Close(context.Background())
		}
	}
}

func leatSend[T any](address string, rows int64, hashed bool) error {
	x := worker("sender")
	s := x.Sender(network.Peer{Worker: "receiver", Address: address}, benchChannel("from"), exitOnLoss)
	pool := column.NewPool[T]()
	m := newMailbox()
	for sent := int64(0); sent < rows; {
		for !s.Room(m.wake) {
			<-m.woken
		}
		b := pool.Get()
		n := int(min(int64(b.RowLimit()), rows-sent))
		column.SetRows(b, slices.Grow(column.Rows[T](b), n)[:n])
		if hashed {
			b.Hashes = slices.Grow(b.Hashes, n)[:n]
		}
		s.Send(shuffle.Element{Batch: b})
		sent += int64(n)
	}
	s.Send(shuffle.Element{Kind: shuffle.End})
	return x.Close(context.Background())
}

func tcpEcho(l net.Listener) (int64, error) {
	conn, err := l.Accept()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	n, err := io.Copy(conn, conn)
	return n / 8, err
}

func tcpPing(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	var b [8]byte
	return ping(func() error {
		if _, err := conn.Write(b[:]); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, b[:])
		return err
	})
}

// ping measures how long half of there and back takes.
func ping(once func() error) error {
	var took []time.Duration
	next := time.Now()
	for range pings {
		next = next.Add(time.Millisecond)
		time.Sleep(time.Until(next))
		start := time.Now()
		if err := once(); err != nil {
			return err
		}
		took = append(took, time.Since(start)/2)
	}
	quantiles(took)
	return nil
}

func leatEcho(l net.Listener) (int64, error) {
	x := worker("receiver")
	go x.Serve(l)
	m := newMailbox()
	x.Input(column.NewBatch[int64](), exitOnLoss).Connect(benchChannel("there"), m.gate.Connect(0))
	back := x.Sender(network.Peer{Worker: "sender"}, benchChannel("back"), exitOnLoss)
	for n := int64(0); ; n++ {
		e := m.next()
		back.Send(e)
		if e.Kind == shuffle.End {
			return n, x.Close(context.Background())
		}
	}
}

func leatPing(address string) error {
	x := worker("sender")
	m := newMailbox()
	x.Input(column.NewBatch[int64](), exitOnLoss).Connect(benchChannel("back"), m.gate.Connect(0))
	there := x.Sender(network.Peer{Worker: "receiver", Address: address}, benchChannel("there"), exitOnLoss)
	err := ping(func() error {
		there.Send(shuffle.Element{Batch: column.BatchOf([]int64{1})})
		m.next().Batch.Release()
		return nil
	})
	there.Send(shuffle.Element{Kind: shuffle.End})
	m.next()
	return errors.Join(err, x.Close(context.Background()))
}
