package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/datastream"
)

var wordCount = benchmark{
	name: "wordcount", unit: "words",
	about:   "lines of 100,000 words, Zipf 1.05, mean length 6, counted",
	prepare: makeText,
	cases: []benchCase{
		{name: "go-loop-map", run: loopWordCount},
		{name: "leat-batch", run: wordCountIn("BATCH", 2), target: "CPU/base <= 2, 6 M words/CPU s"},
		{name: "leat-streaming", run: wordCountIn("STREAMING", 2), target: "16 M words/CPU s"},
	},
}

func textPath(o *options) string {
	return filepath.Join(o.dir, fmt.Sprintf("leat-bench-text-%d.txt", o.mib))
}

// makeText writes o.mib MiB of text: a block of 16 MiB, repeated.
func makeText(o *options) error {
	path := textPath(o)
	if _, err := os.Stat(path + ".words"); err == nil {
		return nil
	}
	rng := rand.New(rand.NewPCG(7, 7))
	const vocabulary = 100_000
	words := make([]string, vocabulary)
	for i := range words {
		n := max(2, int(6+2*rng.NormFloat64()))
		w := make([]byte, n)
		for j := range w {
			w[j] = "etaoinshrdlucmfwypvbgkqjxz"[rng.IntN(int(5+21*rng.Float64()))]
		}
		words[i] = string(w)
	}
	sums := make([]float64, vocabulary)
	total := 0.0
	for i := range sums {
		total += 1 / math.Pow(float64(i+1), 1.05)
		sums[i] = total
	}
	var block bytes.Buffer
	count := int64(0)
	for ; block.Len() < 16<<20; count += 13 {
		for range 13 {
			block.WriteString(words[sort.SearchFloat64s(sums, rng.Float64()*total)])
			block.WriteByte(' ')
		}
		block.Truncate(block.Len() - 1)
		block.WriteByte('\n')
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	blocks := max(1, o.mib/16)
	for range blocks {
		if _, err := f.Write(block.Bytes()); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.WriteFile(path+".words", strconv.AppendInt(nil, count*int64(blocks), 10), 0o644)
}

// loopWordCount is the baseline: what one writes by hand on one core.
func loopWordCount(o *options) (words int64, err error) {
	f, err := os.Open(textPath(o))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	counts := map[string]int64{}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 256<<10), 1<<20)
	for lines.Scan() {
		for line := lines.Bytes(); len(line) > 0; {
			var w []byte
			if i := bytes.IndexByte(line, ' '); i >= 0 {
				w, line = line[:i], line[i+1:]
			} else {
				w, line = line, nil
			}
			if len(w) > 0 {
				counts[string(w)]++ // no allocation for a word that is there
				words++
			}
		}
	}
	return words, lines.Err()
}

// split emits the words of a line, as the loop finds them.
func split(line string, out *datastream.Collector[string]) {
	for line != "" {
		w := line
		if i := strings.IndexByte(line, ' '); i >= 0 {
			w, line = line[:i], line[i+1:]
		} else {
			line = ""
		}
		if w != "" {
			out.Collect(w)
		}
	}
}

func wordCountIn(mode string, parallelism int) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(parallelism)
		words := datastream.FlatMap(datastream.ReadTextFile(env, textPath(o)), split)
		datastream.Count(datastream.KeyBy(words, func(w string) string { return w })).Discard()
		r, err := env.Execute(context.Background(), "Word Count")
		if err != nil {
			return 0, err
		}
		for _, v := range r.Vertices {
			if strings.Contains(v.Name, "Count") {
				notes["combined"] = fmt.Sprint(v.RecordsIn)
			}
		}
		return countWords(o)
	}
}

// countWords is the number of words of the text, which makeText has left beside it.
func countWords(o *options) (int64, error) {
	text, err := os.ReadFile(textPath(o) + ".words")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}
