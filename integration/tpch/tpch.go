package tpch

import (
	"cmp"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed queries/*.sql answers/*.csv others.csv
var files embed.FS

// Tables are the names of the tables.
var Tables = []string{"customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"}

// Names are q01 to q22.
func Names() []string {
	entries, err := files.ReadDir("queries")
	if err != nil {
		panic(err) // they are part of the binary
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".sql"))
	}
	return names
}

// Query is the text of a query, without a semicolon.
func Query(name string) string {
	text, err := files.ReadFile("queries/" + name + ".sql")
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Total is the name under which Others has the sum of all queries.
const Total = "total"

// Others are the CPU seconds of other engines at scale 1, by query and then by engine; others.csv says how they were measured.
func Others() map[string]map[string]float64 {
	text, err := files.ReadFile("others.csv")
	if err != nil {
		panic(err) // it is part of the binary
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		panic(err)
	}
	all := map[string]map[string]float64{}
	for _, line := range lines[1:] {
		all[line[0]] = map[string]float64{}
		for i, cell := range line[1:] {
			if all[line[0]][lines[0][i+1]], err = strconv.ParseFloat(cell, 64); err != nil {
				panic(err)
			}
		}
	}
	return all
}

// Views are statements that make the files of a directory tables.
func Views(dir string) string {
	var b strings.Builder
	for _, t := range Tables {
		fmt.Fprintf(&b, "CREATE TEMPORARY VIEW %s AS SELECT * FROM '%s';\n", t, filepath.Join(dir, t+".parquet"))
	}
	return b.String()
}

// ErrMissing says that the tables cannot be made here.
var ErrMissing = errors.New("the tools that make the tables of TPC-H cannot be had")

// Data makes the tables of a scale and returns their directory; with answers also those of DuckDB. root is the directory of the repository.
func Data(root, scale string, answers bool) (string, error) {
	c := exec.Command(filepath.Join(root, "scripts", "tpch", "data.sh"), "--scale", scale)
	if answers {
		c.Args = append(c.Args, "--answers", "yes")
	}
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 77:
		return "", fmt.Errorf("%w: %s", ErrMissing, strings.TrimSpace(said.String()))
	case err != nil:
		return "", fmt.Errorf("scripts/tpch/data.sh: %w\n%s", err, said.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// Answer is the rows that a query has over the tables of a directory, header first: those of DuckDB if they are there, else those of scale 0.01.
func Answer(dir, name string) ([][]string, error) {
	own := filepath.Join(dir, "answers", name+".csv")
	text, err := os.ReadFile(own)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = files.ReadFile("answers/" + name + ".csv")
	}
	if err != nil {
		return nil, err
	}
	return csv.NewReader(strings.NewReader(string(text))).ReadAll()
}

// Compare says how rows, header first, differ from an answer, in any order. Numbers are equal up to the rounding of the one with fewer
// digits, and as far as sums of DOUBLE are exact.
func Compare(got, want [][]string) error {
	if len(got) == 0 || len(want) == 0 {
		return errors.New("there is no header")
	}
	got, want = sorted(got[1:]), sorted(want[1:])
	if len(got) != len(want) {
		return fmt.Errorf("%d rows, not %d", len(got), len(want))
	}
	for i := range got {
		if !slices.EqualFunc(got[i], want[i], equal) {
			return fmt.Errorf("row %d of %d in order: %q, not %q", i+1, len(got), got[i], want[i])
		}
	}
	return nil
}

// sorted orders rows by what is no fraction, then by fractions.
func sorted(rows [][]string) [][]string {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b []string) int {
		for i := range min(len(a), len(b)) {
			if _, _, fractions := numbers(a[i], b[i]); !fractions && a[i] != b[i] {
				return cmp.Compare(a[i], b[i])
			}
		}
		for i := range min(len(a), len(b)) {
			if x, y, _ := numbers(a[i], b[i]); !equal(a[i], b[i]) {
				return cmp.Compare(x, y)
			}
		}
		return 0
	})
	return rows
}

func equal(a, b string) bool {
	if null(a) && null(b) || a == b {
		return true
	}
	x, y, fractions := numbers(a, b)
	if !fractions {
		return false
	}
	return math.Abs(x-y) <= 0.5001*math.Pow10(-min(digits(a), digits(b)))+1e-9*math.Abs(x)
}

func null(s string) bool { return s == "" || s == `\N` }

// numbers are the values of two cells, if both are numbers and one has a fraction.
func numbers(a, b string) (x, y float64, fractions bool) {
	x, err := strconv.ParseFloat(a, 64)
	if err != nil {
		return 0, 0, false
	}
	y, err = strconv.ParseFloat(b, 64)
	return x, y, err == nil && (strings.Contains(a, ".") || strings.Contains(b, "."))
}

// digits are those behind the point.
func digits(s string) int {
	_, fraction, _ := strings.Cut(s, ".")
	return len(fraction)
}
