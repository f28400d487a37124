package file_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
)

type wordCount struct {
	Word  string `csv:"word"`
	Count int    `csv:"count"`
}

// What the engine does with a sink: write, flush, commit.
func ExampleNewSink() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // temporary

	csv, err := format.NewCSV[wordCount](format.CSVOptions{Header: true})
	if err != nil {
		log.Fatal(err)
	}
	s, err := file.NewSink(dir, csv, file.SinkOptions[wordCount]{Suffix: ".csv"})
	if err != nil {
		log.Fatal(err)
	}
	w, err := s.NewWriter(ctx, sink.Env{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Write(ctx, column.BatchOf([]wordCount{{"to", 2}, {"be, or not", 1}})); err != nil {
		log.Fatal(err)
	}
	committables, err := w.Flush(ctx, true)
	if err != nil {
		log.Fatal(err)
	}
	c, err := s.NewCommitter(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Commit(ctx, committables); err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "part-0-0.csv"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(content))
	// Output:
	// word,count
	// to,2
	// "be, or not",1
}

// What the engine does with a source: enumerate splits, read each to its end.
func ExampleNewSource() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // temporary
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("to be\nor not\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	s, err := file.NewSource([]string{dir + "/*.txt"}, format.Text{}, file.SourceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	e, err := s.NewEnumerator(ctx, 1)
	if err != nil {
		log.Fatal(err)
	}
	splits, err := e.Next(ctx)
	if err != nil && err != source.ErrDone {
		log.Fatal(err)
	}
	r, err := s.NewReader(ctx, source.Env{Parallelism: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, split := range splits {
		if err := r.Open(ctx, split); err != nil {
			log.Fatal(err)
		}
		for err = nil; err == nil; {
			lines := column.NewBatch[string]()
			_, err = r.Fetch(ctx, lines)
			for _, line := range column.Rows[string](lines) {
				fmt.Println(line)
			}
		}
		if err != source.ErrDone {
			log.Fatal(err)
		}
	}
	// Output:
	// to be
	// or not
}
