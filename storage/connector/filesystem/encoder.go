package filesystem

import (
	"fmt"
	"io"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/arrow"
	"github.com/leatproject/leat/storage/format/columnar/avro"
	"github.com/leatproject/leat/storage/format/columnar/csv"
	"github.com/leatproject/leat/storage/format/columnar/json"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/format/columnar/raw"
)

// encoder is a format as a sink uses it.
type encoder struct {
	extension   string
	compression format.Compression // of the whole file
	new         func(to io.Writer) (columnar.Writer, error)
}

var compressions = map[string]format.Compression{"gzip": format.Gzip, "zstd": format.Zstd, "snappy": format.Snappy, "lz4": format.Lz4}

var parquetCodecs = map[string]parquet.Codec{
	"none": parquet.Uncompressed, "uncompressed": parquet.Uncompressed, "snappy": parquet.Snappy, "gzip": parquet.Gzip, "zstd": parquet.Zstd,
	"lz4": parquet.Lz4,
}

var avroCodecs = map[string]string{"none": "null", "gzip": "deflate", "zstd": "zstandard", "snappy": "snappy", "lz4": "lz4"}

// encoder makes the encoder of the columns that files hold.
func (t *Table) encoder() (*encoder, error) {
	fields, s := t.storedFields(), t.settings
	e := &encoder{compression: compressions[s.compression]}
	if s.single && s.compression == "" {
		e.compression = format.CompressionOf(s.path)
	}
	writable := map[string]func(datatype.Type) error{"csv": columnar.TextType, "json": json.Writable, "debezium-json": json.Writable}[s.format]
	for _, f := range fields {
		if writable == nil {
			break
		}
		if err := writable(f.Type); err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
	}
	switch s.format {
	case "csv":
		e.new = func(to io.Writer) (columnar.Writer, error) { return csv.NewWriter(to, fields, t.csvOptions()), nil }
	case "json":
		e.new = func(to io.Writer) (columnar.Writer, error) { return json.NewWriter(to, fields, t.jsonOptions()), nil }
	case "debezium-json":
		e.new = func(to io.Writer) (columnar.Writer, error) {
			return json.NewDebeziumWriter(to, fields, t.jsonOptions()), nil
		}
	case "raw":
		if _, err := raw.New(fields, nil); err != nil {
			return nil, err
		}
		e.new = func(to io.Writer) (columnar.Writer, error) { return raw.NewWriter(to), nil }
	case "arrow":
		o := arrow.WriterOptions{Stream: s.arrowStream, Codec: s.arrowCodec}
		if s.compression != "" {
			o.Codec = s.compression
		}
		e.compression = format.None
		e.new = func(to io.Writer) (columnar.Writer, error) { return arrow.NewWriter(to, fields, o) }
		if _, err := e.new(io.Discard); err != nil {
			return nil, err
		}
	case "avro":
		codec := s.avroCodec
		if s.compression != "" {
			codec = avroCodecs[s.compression]
		}
		e.compression = format.None
		e.new = func(to io.Writer) (columnar.Writer, error) { return avro.NewWriter(to, fields, codec) }
		if _, err := e.new(io.Discard); err != nil {
			return nil, err
		}
	case "parquet":
		codec := s.codec
		if s.compression != "" {
			codec = s.compression
		}
		e.compression = format.None
		e.new = func(to io.Writer) (columnar.Writer, error) {
			return parquet.NewWriter(to, fields, parquet.WriterOptions{Codec: parquetCodecs[codec], RowGroup: s.rowGroup})
		}
		if _, err := e.new(io.Discard); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("format %s cannot be written yet", s.format)
	}
	_, kind, composed := strings.Cut(s.format, "-")
	if !composed {
		kind = s.format
	}
	e.extension = "." + kind + string(e.compression)
	return e, e.compression.Writable()
}
