package filesystem_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/filesystem"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

var damagedFields = []columnar.Field{
	{Name: "id", Type: datatype.BigInt}, {Name: "city", Type: datatype.String}, {Name: "fare", Type: datatype.Decimal(12, 2)},
	{Name: "at", Type: datatype.Timestamp(3)}, {Name: "tags", Type: datatype.Array(datatype.String)},
}

// stored writes some rows in a format, as the file that is in the directory then.
func stored(t *testing.T, options map[string]string, rows int) (file string) {
	fields := damagedFields
	if options["format"] == "csv" {
		fields = fields[:4]
	}
	table, err := filesystem.Open(options, fields, nil)
	require.NoError(t, err)
	s, err := table.Sink(filesystem.SinkOptions{})
	require.NoError(t, err)
	b := new(vector.Batch)
	columnar.Prepare(b, fields, rows)
	for i := range rows {
		vector.Values[int64](b.Columns[0])[i] = int64(i)
		b.Columns[1].PutBytes(i, fmt.Appendf(nil, "city %d", i%97))
		vector.Values[int64](b.Columns[2])[i] = int64(i * 7)
		vector.Values[int64](b.Columns[3])[i] = int64(i) * 1000
		if i%10 == 3 {
			b.Columns[1].SetNull(i)
		}
		if len(fields) > 4 {
			tags := b.Columns[4]
			tags.Children[0].Extend(2)
			tags.Children[0].PutBytes(2*i, []byte("a"))
			tags.Children[0].PutBytes(2*i+1, []byte("b"))
			tags.PutEnd(i, 2*i+2)
		}
	}
	for _, v := range b.Columns {
		v.Finish()
	}
	commit(t, s, job(t, s, column.OfVectors(b)))
	found, err := filepath.Glob(options["path"] + "/part*")
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

var goish = regexp.MustCompile(`runtime error|panic|goroutine|\.go:\d|interface conversion|nil pointer`)

// TestDamagedFiles: whatever is wrong with the bytes of a file, it is read, or there is an error that names it, in memory that has to do
// with what it has and not with what it claims.
func TestDamagedFiles(t *testing.T) {
	for _, format := range []string{
		"csv", "csv gzip", "csv zstd", "json", "json snappy", "json lz4", "avro", "avro none", "avro gzip", "parquet", "parquet none",
		"parquet zstd", "arrow", "arrow zstd", "arrow stream",
	} {
		t.Run(format, func(t *testing.T) {
			kind, codec, _ := strings.Cut(format, " ")
			options := map[string]string{"path": t.TempDir(), "format": kind}
			switch codec {
			case "":
			case "stream":
				options["arrow.stream"] = "true"
			default:
				options["compression"] = codec
			}
			path := stored(t, options, 1000)
			fields := damagedFields
			if kind == "csv" {
				fields = fields[:4]
			}
			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			all := []int{0, 1, 2, 3, 4}[:len(fields)]
			read := func() ([]string, error) {
				table, err := filesystem.Open(options, fields, nil)
				require.NoError(t, err)
				rows, _, err := readTable(t, table, all)
				return rows, err
			}
			rows, err := read()
			require.NoError(t, err)
			require.Len(t, rows, 1000)
			random := rand.New(rand.NewPCG(8, uint64(len(format))))
			ways := 48
			if testing.Short() {
				ways = 12
			}
			for i := range ways {
				options["on-error"] = []string{"fail", "skip"}[i/2%2]
				damaged := mutate(random, i, whole)
				require.NoError(t, os.WriteFile(path, damaged, 0o644))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := read()
				runtime.ReadMemStats(&after)
				require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(400<<20))
				if err != nil {
					require.ErrorContains(t, err, path)
					require.NotRegexp(t, goish, err.Error())
				}
			}
		})
	}
}

// mutate damages a file in one of some ways.
func mutate(random *rand.Rand, way int, whole []byte) []byte {
	b := bytes.Clone(whole)
	at := random.IntN(len(b))
	switch way % 6 {
	case 0:
		return b[:at]
	case 1:
		b[at] ^= 1 << random.IntN(8)
	case 2: // near an end, where lengths stand
		b[len(b)-1-random.IntN(min(len(b), 200))] ^= byte(1 + random.IntN(255))
	case 3:
		b[random.IntN(min(len(b), 200))] ^= byte(1 + random.IntN(255))
	case 4:
		clear(b[at:min(len(b), at+4096)])
	default:
		return append(b[:at:at], b[min(len(b), at+1+random.IntN(5000)):]...)
	}
	return b
}

// TestBadFiles: what is plainly wrong with a file is said.
func TestBadFiles(t *testing.T) {
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write([]byte("1,a\n"))
	require.NoError(t, w.Close())
	for _, c := range []struct{ name, text, want string }{
		{"a.csv", "", "[]"},
		{"a.csv", "\ufeff1,a\r\n2,b", `[1 "a" 2 "b"]`},
		{"a.csv", "1,a\xff\n", "[1 \"a\\xff\"]"},
		{"a.csv", "99999999999999999999,a\n", `field id: cannot read "99999999999999999999" as BIGINT: value out of range`},
		{"a.csv", "1,a\n\"2,b\n3,c\n", "record at byte 4"},
		{"a.csv.gz", "1,a\n", "it is damaged or not what its name says"},
		{"a.csv", gz.String(), "it is compressed, which its name does not say; let the name end in .gz"},
		{"a.csv", "PAR1\x15\x04", "it is a Parquet file"},
		{"a.json", "\xff\xfe{\x00", "it is in UTF-16"},
		{"a.json", "", "[]"},
		{"a.json", "\ufeff{\"id\": 1, \"name\": \"x\"}", `[1 "x"]`},
		{"a.json", "[1]\n", "a record is one object in one line"},
		{"a.json", "{\"id\": 1.5}\n", "[1 NULL]"},
		{"a.json", "{\"id\": 1\n", "record at byte 0"},
		{"a.avro", "", "[]"},
		{"a.avro", "id,name\n", "it does not begin with Obj1: it is no Avro container file"},
		{"a.parquet", "", "[]"},
		{"a.parquet", "id,name\n1,a\n2,b\n", "it does not end with PAR1: it is no Parquet file, or was cut off"},
		{"a.arrow", "", "arrow file is damaged"},
		{"a.arrow", "id,name\n1,a\n2,b\n", "arrow file is damaged"},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		write(t, path, c.text)
		kind := strings.TrimPrefix(filepath.Ext(strings.TrimSuffix(c.name, ".gz")), ".")
		table := open(t, map[string]string{"path": path, "format": kind}, "id BIGINT; name STRING")
		rows, _, err := readTable(t, table, []int{0, 1})
		if err != nil {
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, path)
			require.NotRegexp(t, goish, err.Error())
			continue
		}
		require.Equal(t, c.want, fmt.Sprint(rows))
	}
}

// counters adds up what connectors count.
type counters map[string]int64

func (c counters) Add(metric string, n int64)     { c[metric] += n }
func (c counters) Set(metric string, value int64) { c[metric] = value }

// TestMalformedBlocks: of formats that store records in blocks a record that does not fit, a damaged block and a damaged row group are left
// out, counted and told of.
func TestMalformedBlocks(t *testing.T) {
	read := func(options map[string]string, fields string) ([]string, int64, error) {
		count := counters{}
		rows, _, err := readWith(t, source.Env{Counters: count}, open(t, options, fields), []int{0, 1})
		return rows, count["numRecordsInErrors"], err
	}
	letters := func(options map[string]string) string {
		found, err := filepath.Glob(options["dead-letter.path"] + "/dead-0-*.json")
		require.NoError(t, err)
		require.Len(t, found, 1)
		text, err := os.ReadFile(found[0])
		require.NoError(t, err)
		return string(text)
	}
	for _, c := range []struct{ kind, at, fails string }{
		{"avro", "city 88", "block at byte"}, {"parquet", "city 88", "row group 0, column city, page at byte"},
	} {
		options := map[string]string{"path": t.TempDir() + "/in", "format": c.kind, "compression": "none", "dead-letter.path": t.TempDir()}
		path := stored(t, options, 40_000)
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		if c.kind == "avro" { // a record that does not fit
			_, _, err = read(options, "id SMALLINT; city STRING")
			require.ErrorContains(t, err, path+": record ")
			require.ErrorContains(t, err, ", field id: 32768 does not fit into SMALLINT; declare the column BIGINT; or let the option 'on-error'")
			options["on-error"] = "skip"
			rows, count, err := read(options, "id SMALLINT; city STRING")
			require.NoError(t, err)
			require.Len(t, rows, 1<<15)
			require.EqualValues(t, 40_000-1<<15, count)
			options["on-error"] = "fail"
		}
		damaged := bytes.Clone(whole)
		at := bytes.LastIndex(damaged, []byte(c.at))
		damaged[at-1], damaged[at] = 0xff, 0xff
		require.NoError(t, os.WriteFile(path, damaged, 0o644))
		_, _, err = read(options, "id BIGINT; city STRING")
		require.ErrorContains(t, err, path+": "+c.fails)
		require.ErrorContains(t, err, "; write it again, or leave it out")
		options["on-error"] = "dead-letter"
		rows, count, err := read(options, "id BIGINT; city STRING")
		require.NoError(t, err)
		require.Positive(t, count)
		require.EqualValues(t, 40_000, int64(len(rows))+count)
		require.Contains(t, letters(options), fmt.Sprintf(`"records":%d`, count))
	}
}
