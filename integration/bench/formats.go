package main

import (
	"bytes"
	stdcsv "encoding/csv"
	stdjson "encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/csv"
	"github.com/leatproject/leat/storage/format/columnar/json"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// Reading files into columns, from memory: each input is read again and again until about -rows rows, or values, were read.

const (
	formatRows  = 100_000 // of an input
	parquetRows = 500_000 // of a Parquet file, which has row groups of a quarter of it
)

var csvRead = benchmark{name: "csv-read", unit: "rows", about: "CSV of 5 fields, 41 bytes a row without quotes, into columns", cases: []benchCase{
	{name: "encoding-csv", run: formatRun(csvText, readStandardCSV)},
	{name: "leat-5-columns", run: formatRun(csvText, readCSV([]int{0, 1, 2, 3, 4})), target: "70 ns"},
	{name: "leat-5-in-quotes", run: formatRun(csvInQuotes, readCSV([]int{0, 1, 2, 3, 4})), target: "70 ns"},
	{name: "leat-2-columns", run: formatRun(csvText, readCSV([]int{1, 2}))},
}}

var jsonRead = benchmark{name: "json-read", unit: "rows", about: "nested JSON events of 280 bytes to 4 columns, one of them a field of an object within", cases: []benchCase{
	{name: "encoding-json", run: formatRun(jsonText, readStandardJSON)},
	{name: "leat-4-columns", run: formatRun(jsonText, readJSON), target: "200 ns"},
}}

var parquetRead = benchmark{name: "parquet-read", unit: "values", about: "one column of a Parquet file; the codecs show what decompression costs", cases: parquetCases()}

func parquetCases() []benchCase {
	cases := []benchCase{{name: "copy-of-8-bytes", run: formatRun(copyText, copyValues)}}
	for i, column := range []string{"id", "city", "name", "fare"} {
		for _, codec := range []parquet.Codec{parquet.Uncompressed, parquet.Snappy, parquet.Zstd} {
			name := map[parquet.Codec]string{parquet.Uncompressed: "", parquet.Snappy: "-snappy", parquet.Zstd: "-zstd"}[codec]
			cases = append(cases, benchCase{name: column + name, run: readRun(parquetRows, parquetFile(codec), readParquet(i)), target: "6 ns"})
		}
	}
	return cases
}

// formatRun reads an input until so many rows were read.
func formatRun(input func() ([]byte, error), read func(input []byte) error) func(o *options) (int64, error) {
	return readRun(formatRows, input, read)
}

// readRun does so with inputs of so many rows.
func readRun(rows int64, input func() ([]byte, error), read func(input []byte) error) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		in, err := input()
		if err != nil {
			return 0, err
		}
		n := max(1, o.rows/rows)
		begin := cpuTime()
		least := time.Duration(math.MaxInt64)
		for range n {
			before := cpuTime()
			if err := read(in); err != nil {
				return 0, err
			}
			least = min(least, cpuTime()-before)
		}
		notes["CPU-ns-each"] = fmt.Sprintf("%.1f", float64((cpuTime()-begin).Nanoseconds())/float64(n*rows))
		notes["at-best"] = fmt.Sprintf("%.1f", float64(least.Nanoseconds())/float64(rows)) // when nothing else used the processor's caches
		return n * rows, nil
	}
}

func csvText() ([]byte, error) { return csvOf("%d,city-%d,%d.%02d,2026-11-%02d,%d\n"), nil }

func csvInQuotes() ([]byte, error) {
	return csvOf(`"%d","city-%d","%d.%02d","2026-11-%02d","%d"` + "\n"), nil
}

func csvOf(record string) []byte {
	var text bytes.Buffer
	for i := range formatRows {
		fmt.Fprintf(&text, record, i*7919, i%100, i%1000, i%100, 1+i%28, i%3)
	}
	return text.Bytes()
}

func readStandardCSV(text []byte) error {
	r := stdcsv.NewReader(bytes.NewReader(text))
	r.ReuseRecord = true
	var ids, kinds []int64
	var cities []string
	var fares []float64
	var days []time.Time
	for {
		record, err := r.Read()
		if err == io.EOF {
			runtime.KeepAlive([]any{ids, cities, fares, days, kinds})
			return nil
		}
		if err != nil {
			return err
		}
		id, _ := strconv.ParseInt(record[0], 10, 64)
		fare, _ := strconv.ParseFloat(record[2], 64)
		day, _ := time.Parse(time.DateOnly, record[3])
		kind, err := strconv.ParseInt(record[4], 10, 32)
		if err != nil {
			return err
		}
		ids, cities, fares, days, kinds = append(ids, id), append(cities, record[1]), append(fares, fare), append(days, day), append(kinds, kind)
	}
}

// readAll reads an input to its end.
func readAll(r columnar.Reader, err error) error {
	var b vector.Batch
	for err == nil {
		err = r.Read(&b, 4096)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func readCSV(wanted []int) func(text []byte) error {
	fields := []columnar.Field{{Name: "id", Type: datatype.BigInt}, {Name: "city", Type: datatype.String}, {Name: "fare", Type: datatype.Decimal(9, 2)},
		{Name: "day", Type: datatype.Date}, {Name: "kind", Type: datatype.Int}}
	return func(text []byte) error {
		f, err := csv.New(fields, wanted, csv.Standard)
		if err != nil {
			return err
		}
		return readAll(f.NewReader(format.Input{Bytes: bytes.NewReader(text)}))
	}
}

func jsonText() ([]byte, error) {
	const event = `{"event_type":2,"bid":{"auction":%d,"bidder":1001,"price":%d,"channel":"Google","url":"https://www.example.com/item.htm?query=1",` +
		`"extra":"NQJTMOSEbdcfhgAwRdhUYYJWZ"},"person":null,"at":"2026-11-21 10:11:12.%03d","city":"Rome","active":true}` + "\n"
	var text bytes.Buffer
	for i := range formatRows {
		fmt.Fprintf(&text, event, i, i*7, i%1000)
	}
	return text.Bytes(), nil
}

func readStandardJSON(text []byte) error {
	var event struct {
		Type int    `json:"event_type"`
		At   string `json:"at"`
		City string `json:"city"`
		Bid  struct {
			Price int64 `json:"price"`
		} `json:"bid"`
	}
	for line := range bytes.Lines(text) {
		if err := stdjson.Unmarshal(line, &event); err != nil {
			return err
		}
		if _, err := time.Parse("2006-01-02 15:04:05.000", event.At); err != nil {
			return err
		}
	}
	return nil
}

func readJSON(text []byte) error {
	bid := datatype.Row(datatype.Field{Name: "auction", Type: datatype.BigInt}, datatype.Field{Name: "price", Type: datatype.BigInt}, datatype.Field{Name: "url", Type: datatype.String})
	f, err := json.New([]columnar.Field{{Name: "event_type", Type: datatype.Int}, {Name: "bid", Type: bid, Parts: datatype.Parts{1: nil}},
		{Name: "at", Type: datatype.Timestamp(3)}, {Name: "city", Type: datatype.String}}, json.Options{})
	if err != nil {
		return err
	}
	return readAll(f.NewReader(format.Input{Bytes: bytes.NewReader(text)}))
}

func copyText() ([]byte, error) { return make([]byte, 8*formatRows), nil }

// copyValues is the least that reading a column of eight bytes can cost.
func copyValues(from []byte) error {
	to := make([]byte, 8*4096)
	for len(from) > 0 {
		from = from[copy(to, from):]
	}
	return nil
}

func parquetFields() []columnar.Field {
	return []columnar.Field{{Name: "id", Type: datatype.BigInt.Required()}, {Name: "city", Type: datatype.String}, {Name: "name", Type: datatype.String},
		{Name: "fare", Type: datatype.Decimal(12, 2)}}
}

// parquetFile is a file of numbers in order, texts of few values, texts of many, and decimals that are NULL now and then.
func parquetFile(codec parquet.Codec) func() ([]byte, error) {
	return func() ([]byte, error) {
		var b vector.Batch
		columnar.Prepare(&b, parquetFields(), parquetRows)
		for i := range parquetRows {
			vector.Values[int64](b.Columns[0])[i] = int64(i)
			b.Columns[1].PutBytes(i, fmt.Appendf(nil, "city %d", i%100))
			b.Columns[2].PutBytes(i, fmt.Appendf(nil, "name %d", i))
			vector.Values[int64](b.Columns[3])[i] = int64(i * 7)
			if i%10 == 3 {
				b.Columns[3].SetNull(i)
			}
		}
		var file bytes.Buffer
		w, err := parquet.NewWriter(&file, parquetFields(), parquet.WriterOptions{Codec: codec, RowGroup: 4 << 20})
		if err == nil {
			err = w.Write(&b)
		}
		if err == nil {
			err = w.Close()
		}
		return file.Bytes(), err
	}
}

func readParquet(column int) func(file []byte) error {
	return func(file []byte) error {
		f, err := parquet.Open(bytes.NewReader(file), int64(len(file)), "bench.parquet")
		if err != nil {
			return err
		}
		groups := make([]int, f.RowGroups())
		for i := range groups {
			groups[i] = i
		}
		return readAll(parquet.NewReader(f, parquetFields()[column:column+1], groups, 0))
	}
}
