package format

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readAll reads an input to its end in batches and returns the number of rows.
func readAll[T any](b *testing.B, f StreamFormat[T], input []byte) (n int) {
	r, err := f.NewReader(Input{Bytes: bytes.NewReader(input), Path: "input"})
	require.NoError(b, err)
	rows := make([]T, 0, 8192)
	for {
		rows, err = r.Read(rows[:0], 8192)
		n += len(rows)
		if err == io.EOF {
			return n
		}
		require.NoError(b, err)
	}
}

// cpuPerRecord runs f and reports the processor time of the whole process for each record.
func cpuPerRecord(b *testing.B, records int, f func()) {
	before := cpuTime(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/float64(records), "cpu-ns/record")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkText(b *testing.B) {
	const lines = 1 << 20
	input := []byte(strings.Repeat(strings.Repeat("word ", 11)+"last\n", lines))
	b.Run("leat", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		cpuPerRecord(b, lines, func() { require.Equal(b, lines, readAll(b, Text{}, input)) })
	})
	b.Run("bufio.Scanner", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		cpuPerRecord(b, lines, func() {
			n, s := 0, bufio.NewScanner(bytes.NewReader(input))
			for s.Scan() {
				n += len(s.Text()) & 1
			}
		})
	})
}

type trade struct {
	ID     int64
	Symbol string
	Price  float64
	Amount int32
	Venue  string
}

func BenchmarkCSV(b *testing.B) {
	const records = 1 << 17
	var buf bytes.Buffer
	for i := range records {
		fmt.Fprintf(&buf, "%d,SYM%d,%d.%02d,%d,venue-%d\n", 1000000+i, i%500, i%900, i%100, i%10000, i%7)
	}
	input := buf.Bytes()
	format, err := NewCSV[trade](CSVOptions{})
	require.NoError(b, err)
	b.Run("leat", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		cpuPerRecord(b, records, func() { require.Equal(b, records, readAll(b, format, input)) })
	})
	b.Run("encoding_csv", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		cpuPerRecord(b, records, func() {
			r := csv.NewReader(bytes.NewReader(input))
			r.ReuseRecord = true
			var row trade
			for {
				fields, err := r.Read()
				if err == io.EOF {
					break
				}
				row.ID, _ = strconv.ParseInt(fields[0], 10, 64)
				row.Price, _ = strconv.ParseFloat(fields[2], 64)
				amount, _ := strconv.ParseInt(fields[3], 10, 32)
				row.Symbol, row.Venue, row.Amount = fields[1], fields[4], int32(amount)
			}
		})
	})
	b.Run("write", func(b *testing.B) {
		row := trade{1000000, "SYM17", 123.45, 1234, "venue-3"}
		var dst []byte
		cpuPerRecord(b, 1, func() { dst, _ = format.Append(dst[:0], &row) })
	})
}

type bid struct {
	Auction  int64  `json:"auction"`
	Bidder   int64  `json:"bidder"`
	Price    int64  `json:"price"`
	Channel  string `json:"channel"`
	URL      string `json:"url"`
	DateTime int64  `json:"dateTime"`
	Extra    struct {
		Region string  `json:"region"`
		Score  float64 `json:"score"`
		Valid  bool    `json:"valid"`
	} `json:"extra"`
}

func BenchmarkJSON(b *testing.B) {
	const records = 1 << 16
	var buf bytes.Buffer
	for i := range records {
		fmt.Fprintf(&buf, `{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.example.org/auctions/item.htm?query=1&channel_id=%d",`+
			`"dateTime":%d,"extra":{"region":"north-%d","score":%d.%d,"valid":true}}`+"\n",
			1000+i%1000, 2000+i, 100*i, i%1000, 1<<20+i, 1700000000000+i, i%50, i%100, i%1000)
	}
	input := buf.Bytes()
	format, err := NewJSON[bid](JSONOptions{})
	require.NoError(b, err)
	b.Run("leat", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		b.ReportAllocs()
		cpuPerRecord(b, records, func() { require.Equal(b, records, readAll(b, format, input)) })
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		cpuPerRecord(b, records, func() {
			s := bufio.NewScanner(bytes.NewReader(input))
			for s.Scan() {
				var row bid
				require.NoError(b, json.Unmarshal(s.Bytes(), &row))
			}
		})
	})
	r, err := format.NewReader(Input{Bytes: bytes.NewReader(input)})
	require.NoError(b, err)
	rows, err := r.Read(nil, 100)
	require.NoError(b, err)
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		cpuPerRecord(b, 1, func() { dst, _ = format.Append(dst[:0], &rows[50]) })
	})
	b.Run("write encoding_json", func(b *testing.B) {
		cpuPerRecord(b, 1, func() {
			if _, err := json.Marshal(&rows[50]); err != nil {
				b.Fatal(err)
			}
		})
	})
}
