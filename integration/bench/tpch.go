package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql"
	"github.com/leatproject/leat/integration/tpch"
)

var tpchQueries = benchmark{name: "tpch", unit: "queries", about: "the 22 queries of TPC-H over Parquet, scale 1, 2 processors; CPU s of each query behind",
	prepare: func(*options) error {
		_, err := tpch.Data(".", tpchScale, false)
		if errors.Is(err, tpch.ErrMissing) {
			return fmt.Errorf("%w: %w", errSkipped, err)
		}
		return err
	},
	cases: []benchCase{
		{name: "duckdb", run: duckDB},
		{name: "leat", run: leatTPCH, target: "at most 4 times DuckDB's CPU, 512 MiB; 3 times less CPU than Spark and Flink in each query"},
	},
	compare: compareTPCH}

const (
	tpchScale  = "1"
	tpchMemory = 512 << 20
)

// duckDB runs the queries in the DuckDB that made the answers.
func duckDB(*options) (int64, error) {
	data, err := tpch.Data(".", tpchScale, false)
	if err != nil {
		return 0, err
	}
	c := exec.Command(filepath.Join(filepath.Dir(data), "tools", "bin", "python"), "scripts/tpch/duckdb_run.py", "--data", data, "--once", "yes")
	for _, name := range tpch.Names() {
		c.Args = append(c.Args, filepath.Join("integration", "tpch", "queries", name+".sql"))
	}
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return 0, err
	}
	var n int64
	for line := range strings.Lines(string(out)) {
		var q struct {
			Query string
			CPU   float64
		}
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return 0, err
		}
		notes[q.Query] = fmt.Sprintf("%.2f", q.CPU)
		n++
	}
	return n, nil
}

// compareTPCH says how many times more CPU Spark and Flink have taken than Leat, were this the idle machine of their figures: by what DuckDB
// takes here and has taken there.
func compareTPCH(figures [][]figure) string {
	others := tpch.Others()
	seconds := func(at int, query string) float64 {
		return median(figures[at], func(f figure) float64 {
			if query == tpch.Total {
				return sumOf(f.Notes)
			}
			s, _ := strconv.ParseFloat(f.Notes[query], 64)
			return s
		})
	}
	slower := seconds(0, tpch.Total) / others[tpch.Total]["duckdb"]
	var b strings.Builder
	fmt.Fprintf(&b, "  CPU of others / leat, this machine taken to be %.2f times slower than theirs (target: at least 3 each):", slower)
	for _, query := range append(tpch.Names(), tpch.Total) {
		their, known := others[query]
		if !known {
			continue
		}
		leat := seconds(1, query) / slower
		fmt.Fprintf(&b, "\n    %-5s spark %5.1f  flink %5.1f", query, their["spark"]/leat, their["flink"]/leat)
		for _, engine := range []string{"spark", "flink"} {
			if their[engine]/leat < 3 {
				fmt.Fprintf(&b, "  MISSED (%s)", engine)
			}
		}
	}
	return b.String()
}

func sumOf(notes map[string]string) (sum float64) {
	for _, text := range notes {
		s, _ := strconv.ParseFloat(text, 64)
		sum += s
	}
	return sum
}

// leatTPCH runs them in this process, each as a job that writes a file.
func leatTPCH(o *options) (int64, error) {
	data, err := tpch.Data(".", tpchScale, false)
	if err != nil {
		return 0, err
	}
	out, err := os.MkdirTemp(o.dir, "tpch")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(out)
	debug.SetMemoryLimit(tpchMemory - tpchMemory/10) // as in a worker
	env := datastream.NewEnvironment(datastream.WithContext(context.Background()), datastream.WithConfig("parallelism.default", "2"))
	if err := sql.Execute(env, tpch.Views(data)); err != nil {
		return 0, err
	}
	for _, name := range tpch.Names() {
		before := cpuTime()
		if err := sql.Execute(env, fmt.Sprintf("INSERT INTO '%s' %s", filepath.Join(out, name+".csv"), tpch.Query(name))); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		notes[name] = fmt.Sprintf("%.2f", (cpuTime() - before).Seconds())
	}
	return int64(len(tpch.Names())), nil
}
