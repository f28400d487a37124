package datastream_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/slice"
)

type item struct {
	Name  string `csv:"name" json:"name"`
	Count int    `csv:"count" json:"count"`
}

func itemName(i item) string { return i.Name }

func writeFile(t *testing.T, name, content string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func run[T any](t *testing.T, s *datastream.Stream[T]) []T {
	got, err := datastream.ExecuteAndCollect(context.Background(), s, t.Name())
	require.NoError(t, err)
	return got
}

func TestReadFiles(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(2)
	csv := writeFile(t, "in.csv", "name|count\nbolt|3\nnut|4\n")
	require.Equal(t, []item{{"bolt", 3}, {"nut", 4}},
		run(t, datastream.ReadCSV[item](env, datastream.CSVOptions{CSVFormat: datastream.CSVFormat{Delimiter: '|', Header: true}}, csv)))
	json := writeFile(t, "in.json", `{"name":"bolt","count":3}`+"\n")
	require.Equal(t, []item{{"bolt", 3}}, run(t, datastream.ReadJSON[item](env, datastream.JSONOptions{}, json)))
	text := writeFile(t, "in.txt", "a;b;c")
	require.Equal(t, []string{"a", "b", "c"}, run(t, datastream.ReadText(env, datastream.TextOptions{Delimiter: ";"}, text)))
}

func TestMalformedRecords(t *testing.T) {
	path := writeFile(t, "in.csv", "bolt,3\nnut,many\nscrew,5\n")
	env := datastream.NewEnvironment().SetParallelism(1)
	datastream.ReadCSV[item](env, datastream.CSVOptions{}, path).Discard()
	_, err := env.Execute(context.Background(), "fail")
	require.ErrorContains(t, err, "in.csv")
	require.ErrorContains(t, err, "many")

	o := datastream.CSVOptions{FileOptions: datastream.FileOptions{Malformed: datastream.SkipMalformed}}
	items := datastream.ReadCSV[item](env, o, path).Name("Items")
	good, bad := datastream.Collect(items), datastream.Collect(datastream.Malformed(items))
	result, err := env.Execute(context.Background(), "skip")
	require.NoError(t, err)
	require.Equal(t, []item{{"bolt", 3}, {"screw", 5}}, good.Rows())
	require.Len(t, bad.Rows(), 1)
	require.Equal(t, "nut,many", strings.TrimSpace(string(bad.Rows()[0].Raw)))
	require.Contains(t, bad.Rows()[0].Cause, "in.csv")
	require.Equal(t, int64(1), result.Metric("Items", "numRecordsInErrors"))
}

func TestSourceMistakes(t *testing.T) {
	for want, build := range map[string]func(env *datastream.Environment){
		"no path": func(env *datastream.Environment) { datastream.ReadTextFile(env).Discard() },
		"port 0":  func(env *datastream.Environment) { datastream.SocketText(env, "localhost", 0).Discard() },
		"must not be": func(env *datastream.Environment) {
			datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: -1}).Discard()
		},
		"csv": func(env *datastream.Environment) {
			datastream.ReadCSV[chan int](env, datastream.CSVOptions{}, "x").Discard()
		},
		"json": func(env *datastream.Environment) {
			datastream.ReadJSON[chan int](env, datastream.JSONOptions{}, "x").Discard()
		},
		"has 0 sources": func(env *datastream.Environment) { datastream.Hybrid[int](env, "none").Discard() },
		"is no source": func(env *datastream.Environment) {
			datastream.Malformed(datastream.Map(datastream.FromSlice(env, 1), func(v int) int { return v })).Discard()
		},
		"compression": func(env *datastream.Environment) {
			datastream.WriteText(datastream.FromSlice(env, 1), "x", datastream.FileSinkOptions{Compression: ".7z"})
		},
		"2 option values": func(env *datastream.Environment) {
			datastream.WriteText(datastream.FromSlice(env, 1), "x", datastream.FileSinkOptions{}, datastream.FileSinkOptions{})
		},
		"CSV": func(env *datastream.Environment) { datastream.WriteCSV(datastream.FromSlice(env, 1), "x") },
		"port 99999 of host": func(env *datastream.Environment) {
			datastream.WriteToSocket(datastream.FromSlice(env, 1), "localhost", 99999, datastream.Reconnect{})
		},
	} {
		env := datastream.NewEnvironment()
		build(env)
		_, err := env.Execute(context.Background(), "mistake")
		var rejected *datastream.RejectedError
		require.ErrorAs(t, err, &rejected, want)
		require.Contains(t, strings.ToLower(err.Error()), strings.ToLower(want))
		require.ErrorContains(t, err, "connectors_test.go")
	}
}

// TestHybrid reads a second source when all of the first has been read, by all sub-tasks.
func TestHybrid(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		var first, early atomic.Int64
		env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(3)
		past, err := slice.Generator(func(i int64) int64 { first.Add(1); return i }, slice.GeneratorOptions{Count: 50000})
		require.NoError(t, err)
		present, err := slice.Generator(func(i int64) int64 {
			if first.Load() < 50000 {
				early.Add(1)
			}
			return 50000 + i
		}, slice.GeneratorOptions{Count: 1000})
		require.NoError(t, err)
		got := run(t, datastream.Hybrid[int64](env, "History", past, present))
		require.Zero(t, early.Load())
		slices.Sort(got)
		require.Len(t, got, 51000)
		require.Equal(t, int64(50999), got[50999])
	}
	env := datastream.NewEnvironment()
	endless, err := slice.Generator(func(i int64) int64 { return i }, slice.GeneratorOptions{})
	require.NoError(t, err)
	datastream.Hybrid[int64](env, "History", endless, slice.FromSequence(1, 2)).Discard()
	_, err = env.Execute(context.Background(), "mistake")
	require.ErrorContains(t, err, `hybrid source "History": source number 1 of 2 is unbounded`)
}

func TestExecuteAndIterate(t *testing.T) {
	defer goleak.VerifyNone(t)
	env := datastream.NewEnvironment().SetParallelism(2)
	endless := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{})
	n := 0
	for _, err := range datastream.ExecuteAndIterate(context.Background(), endless, "endless") {
		require.NoError(t, err)
		if n++; n == 20000 {
			break
		}
	}
	require.Equal(t, 20000, n)

	failing := datastream.MapContext(datastream.FromSlice(env, 1, 2), func(_ *datastream.Context, v int) (int, error) { return 0, fmt.Errorf("no %d", v) })
	var last error
	for _, err := range datastream.ExecuteAndIterate(context.Background(), failing, "failing") {
		last = err
	}
	require.ErrorContains(t, last, ": no ")
}

func TestFileSinks(t *testing.T) {
	for _, mode := range []string{"BATCH", "STREAMING"} {
		dir := t.TempDir()
		env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(1)
		items := func() *datastream.Stream[item] { return datastream.FromSlice(env, item{"bolt", 3}, item{"a \"b\"", 4}) }
		datastream.WriteText(items(), filepath.Join(dir, "text"))
		datastream.WriteCSV(items(), filepath.Join(dir, "csv"), datastream.CSVSinkOptions{CSVFormat: datastream.CSVFormat{Header: true}})
		datastream.WriteJSON(items(), filepath.Join(dir, "json"), datastream.FileSinkOptions{Prefix: "item", Suffix: ".json"})
		_, err := env.Execute(context.Background(), "files")
		require.NoError(t, err)
		for name, want := range map[string]string{
			"text/part-0-0":      "{bolt 3}\n{a \"b\" 4}\n",
			"csv/part-0-0":       "name,count\nbolt,3\n\"a \"\"b\"\"\",4\n",
			"json/item-0-0.json": "{\"name\":\"bolt\",\"count\":3}\n{\"name\":\"a \\\"b\\\"\",\"count\":4}\n",
		} {
			got, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, want, string(got), name)
		}

		datastream.WriteText(items(), filepath.Join(dir, "text"))
		_, err = env.Execute(context.Background(), "again")
		require.ErrorContains(t, err, "part-0-0", "what is there is not overwritten")
		datastream.WriteText(datastream.Map(items(), itemName), filepath.Join(dir, "text"), datastream.FileSinkOptions{Overwrite: true})
		_, err = env.Execute(context.Background(), "overwrite")
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, "text", "part-0-0"))
		require.NoError(t, err)
		require.Equal(t, "bolt\na \"b\"\n", string(got))
	}
}

// TestFailedJobLeavesNothing looks for output of a job that has failed.
func TestFailedJobLeavesNothing(t *testing.T) {
	for _, mode := range []string{"BATCH", "STREAMING"} {
		dir := filepath.Join(t.TempDir(), "out")
		env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(2)
		s := datastream.MapContext(datastream.FromSequence(env, 1, 100000), func(_ *datastream.Context, v int64) (int64, error) {
			if v == 99999 {
				return 0, fmt.Errorf("enough")
			}
			return v, nil
		})
		datastream.WriteText(s, dir)
		_, err := env.Execute(context.Background(), "fails")
		require.ErrorContains(t, err, "enough")
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func TestSockets(t *testing.T) {
	defer goleak.VerifyNone(t)
	listen := func(serve func(net.Conn)) int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() {
			conn, err := l.Accept()
			l.Close()
			if err == nil {
				serve(conn)
				conn.Close()
			}
		}()
		return l.Addr().(*net.TCPAddr).Port
	}
	in := listen(func(c net.Conn) { fmt.Fprint(c, "to be\nor not\n") })
	lines := make(chan string, 10)
	out := listen(func(c net.Conn) {
		for s := bufio.NewScanner(c); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	})
	env := datastream.NewEnvironment().SetParallelism(1)
	datastream.WriteToSocket(datastream.Map(datastream.SocketText(env, "127.0.0.1", in), strings.ToUpper), "127.0.0.1", out, datastream.Reconnect{})
	_, err := env.Execute(context.Background(), "sockets")
	require.NoError(t, err)
	require.Equal(t, "TO BE", <-lines)
	require.Equal(t, "OR NOT", <-lines)
	_, open := <-lines
	require.False(t, open)
}
