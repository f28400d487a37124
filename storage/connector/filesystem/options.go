package filesystem

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Option is an option of a table of files.
type Option struct {
	Key     string
	Default string
	Doc     string
	read    func(o *settings, value string) error
}

// settings are the options of a table, read.
type settings struct {
	path, format, compression string
	csv                       csvSettings
	json                      jsonSettings
	raw                       rawSettings
	onError, deadLetter       string
	ignoreErrors              bool
	splitSize                 int64
	monitor                   time.Duration
	rollSize                  int64
	rollInterval              time.Duration
	partitionNull             string
	rowGroup                  int64
	codec, avroCodec          string
	arrowCodec                string
	arrowStream               bool
	parallelism               int
	single                    bool
}

type csvSettings struct {
	delimiter, quote, escape byte
	noQuotes, comments       bool
	header                   bool
	null                     *string
}

type jsonSettings struct {
	failOnMissing, plainDecimals, ignoreNulls bool
	iso, schemaIncluded                       bool
	nullKeys, nullKey                         string
}

type rawSettings struct{ charset string }

func text(to func(o *settings) *string) func(*settings, string) error {
	return func(o *settings, v string) error {
		*to(o) = v
		return nil
	}
}

func choice(to func(o *settings) *string, of ...string) func(*settings, string) error {
	return func(o *settings, v string) error {
		for _, c := range of {
			if strings.EqualFold(c, v) {
				*to(o) = c
				return nil
			}
		}
		return fmt.Errorf("it is one of %s", strings.Join(of, ", "))
	}
}

func boolean(to func(o *settings) *bool) func(*settings, string) error {
	return func(o *settings, v string) error {
		b, err := strconv.ParseBool(strings.ToLower(v))
		if err != nil {
			return fmt.Errorf("it is true or false")
		}
		*to(o) = b
		return nil
	}
}

func character(to func(o *settings) *byte) func(*settings, string) error {
	return func(o *settings, v string) error {
		switch v {
		case `\t`:
			v = "\t"
		case `\0`:
			v = "\x00"
		case `\u0001`:
			v = "\x01"
		}
		if len(v) != 1 || v[0] >= utf8.RuneSelf || v == "\n" || v == "\r" {
			return fmt.Errorf("it is one ASCII character that does not end a line, or \\t")
		}
		*to(o) = v[0]
		return nil
	}
}

func size(to func(o *settings) *int64) func(*settings, string) error {
	units := map[string]int64{"": 1, "b": 1, "bytes": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}
	return func(o *settings, v string) error {
		number := strings.TrimRight(strings.ToLower(v), "abcdefghijklmnopqrstuvwxyz ")
		unit, known := units[strings.TrimSpace(strings.ToLower(v)[len(number):])]
		n, err := strconv.ParseInt(number, 10, 40)
		if err != nil || !known || n <= 0 {
			return fmt.Errorf("it is a size such as 128mb")
		}
		*to(o) = n * unit
		return nil
	}
}

func duration(to func(o *settings) *time.Duration) func(*settings, string) error {
	units := map[string]time.Duration{
		"ms": time.Millisecond, "": time.Millisecond, "s": time.Second, "sec": time.Second, "min": time.Minute, "m": time.Minute,
		"h": time.Hour, "d": 24 * time.Hour,
	}
	return func(o *settings, v string) error {
		number := strings.TrimRight(strings.ToLower(v), "abcdefghijklmnopqrstuvwxyz ")
		unit, known := units[strings.TrimSpace(strings.ToLower(v)[len(number):])]
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil || !known || n < 0 {
			return fmt.Errorf("it is a duration such as 30s")
		}
		*to(o) = time.Duration(n) * unit
		return nil
	}
}

// formats are the formats of files, each with the extension of its files.
var formats = []string{"arrow", "avro", "csv", "debezium-json", "json", "parquet", "raw"}

var common = []Option{
	{"connector", "", "filesystem", choice(func(o *settings) *string { return new(string) }, "filesystem")},
	{"path", "", "a file, a directory or a pattern, with the scheme of its file system", text(func(o *settings) *string { return &o.path })},
	{"format", "", strings.Join(formats, ", "), choice(func(o *settings) *string { return &o.format }, formats...)},
	{"compression", "by extension", "of files written: none, gzip, zstd, snappy, lz4",
		choice(func(o *settings) *string { return &o.compression }, "none", "gzip", "zstd", "snappy", "lz4")},
	{"on-error", "fail", "what is done about a record that cannot be read: fail, skip, dead-letter",
		choice(func(o *settings) *string { return &o.onError }, "fail", "skip", "dead-letter")},
	{"dead-letter.path", "", "the directory to which such records are written", text(func(o *settings) *string { return &o.deadLetter })},
	{"source.monitor-interval", "", "how often to look for new files, for ever; none: once", duration(func(o *settings) *time.Duration { return &o.monitor })},
	{"source.split-size", "64mb", "length of the ranges that files are cut into", size(func(o *settings) *int64 { return &o.splitSize })},
	{"partition.default-name", "__DEFAULT_PARTITION__", "the name of the directory of NULL and the empty text", text(func(o *settings) *string { return &o.partitionNull })},
	{"sink.rolling-policy.file-size", "128mb", "the size at which a part is full", size(func(o *settings) *int64 { return &o.rollSize })},
	{"sink.rolling-policy.rollover-interval", "30min", "the age at which a part of a stream is full", duration(func(o *settings) *time.Duration { return &o.rollInterval })},
	{"sink.single-file", "false", "the path is one file, which one task writes", boolean(func(o *settings) *bool { return &o.single })},
	{"sink.parallelism", "", "how many tasks write", func(o *settings, v string) (err error) {
		if o.parallelism, err = strconv.Atoi(v); err != nil || o.parallelism < 1 {
			return fmt.Errorf("it is a number of at least 1")
		}
		return nil
	}},
}

var ofFormat = map[string][]Option{
	"csv": {
		{"csv.field-delimiter", ",", "the character between fields", character(func(o *settings) *byte { return &o.csv.delimiter })},
		{"csv.quote-character", `"`, "the character around fields", character(func(o *settings) *byte { return &o.csv.quote })},
		{"csv.disable-quote-character", "false", "quotes are text", boolean(func(o *settings) *bool { return &o.csv.noQuotes })},
		{"csv.escape-character", "", "the character before one that is text", character(func(o *settings) *byte { return &o.csv.escape })},
		{"csv.allow-comments", "false", "lines that begin with # are left out", boolean(func(o *settings) *bool { return &o.csv.comments })},
		{"csv.null-literal", "", "what NULL is written as", func(o *settings, v string) error { o.csv.null = &v; return nil }},
		{"csv.ignore-parse-errors", "false", "fields that cannot be read are NULL, broken rows left out", boolean(func(o *settings) *bool { return &o.ignoreErrors })},
		{"csv.header", "false", "the first line has the names of the columns", boolean(func(o *settings) *bool { return &o.csv.header })},
	},
	"json": append([]Option{
		{"json.fail-on-missing-field", "false", "a field that is missing is an error, not NULL", boolean(func(o *settings) *bool { return &o.json.failOnMissing })},
	}, ofJSON("json")...),
	"debezium-json": append([]Option{
		{"debezium-json.schema-include", "false", "records have the schema of the event, too", boolean(func(o *settings) *bool { return &o.json.schemaIncluded })},
	}, ofJSON("debezium-json")...),
	"arrow": {
		{"arrow.compression", "none", "none, lz4, zstd", choice(func(o *settings) *string { return &o.arrowCodec }, "none", "lz4", "zstd")},
		{"arrow.stream", "false", "the stream format is written, not the file format; both are read", boolean(func(o *settings) *bool { return &o.arrowStream })},
	},
	"avro": {
		{"avro.codec", "snappy", "null, snappy, deflate, zstandard",
			choice(func(o *settings) *string { return &o.avroCodec }, "null", "snappy", "deflate", "zstandard")},
	},
	"parquet": {
		{"parquet.compression", "snappy", "none, snappy, gzip, zstd, lz4",
			choice(func(o *settings) *string { return &o.codec }, "none", "uncompressed", "snappy", "gzip", "zstd", "lz4")},
		{"parquet.block.size", "128mb", "the size of a row group", size(func(o *settings) *int64 { return &o.rowGroup })},
	},
	"raw": {
		{"raw.charset", "UTF-8", "the encoding of texts: UTF-8", choice(func(o *settings) *string { return &o.raw.charset }, "UTF-8")},
	},
}

// ofJSON are the options that the formats of JSON share.
func ofJSON(format string) []Option {
	return []Option{
		{format + ".ignore-parse-errors", "false", "fields that cannot be read are NULL, broken rows left out", boolean(func(o *settings) *bool { return &o.ignoreErrors })},
		{format + ".timestamp-format.standard", "SQL", "how timestamps are written: SQL, ISO-8601; both are read", func(o *settings, v string) error {
			var is string
			err := choice(func(*settings) *string { return &is }, "SQL", "ISO-8601")(o, v)
			o.json.iso = is == "ISO-8601"
			return err
		}},
		{format + ".encode.decimal-as-plain-number", "false", "decimals are written without exponent", boolean(func(o *settings) *bool { return &o.json.plainDecimals })},
		{format + ".map-null-key.mode", "FAIL", "what is done about entries of maps whose key is NULL: FAIL, DROP, LITERAL",
			choice(func(o *settings) *string { return &o.json.nullKeys }, "FAIL", "DROP", "LITERAL")},
		{format + ".map-null-key.literal", "null", "the key that LITERAL gives them", text(func(o *settings) *string { return &o.json.nullKey })},
		{format + ".encode.ignore-null-fields", "false", "fields that are NULL are not written", boolean(func(o *settings) *bool { return &o.json.ignoreNulls })},
	}
}

// Options are the options of a table of a format, the common ones first.
func Options(format string) []Option { return append(slices.Clone(common), ofFormat[format]...) }

// read reads the options of a table. Options of the engine that are not for a connector are not among them.
func read(options map[string]string) (*settings, error) {
	o := &settings{
		onError: "fail", splitSize: 64 << 20, partitionNull: "__DEFAULT_PARTITION__", rollSize: 128 << 20, rollInterval: 30 * time.Minute,
		json: jsonSettings{nullKeys: "FAIL", nullKey: "null"},
		csv:  csvSettings{delimiter: ',', quote: '"'}, codec: "snappy", avroCodec: "snappy", rowGroup: 128 << 20,
	}
	if options["path"] == "" {
		return nil, fmt.Errorf("a table of files needs the option 'path': a file, a directory or a pattern")
	}
	if options["format"] == "" {
		return nil, fmt.Errorf("table of %s needs the option 'format': %s", options["path"], strings.Join(formats, ", "))
	}
	known := Options(strings.ToLower(options["format"]))
	for _, key := range slices.Sorted(maps.Keys(options)) {
		i := slices.IndexFunc(known, func(k Option) bool { return k.Key == key })
		if i < 0 {
			return nil, unknown(options["path"], key, options["format"], known)
		}
		if err := known[i].read(o, options[key]); err != nil {
			return nil, fmt.Errorf("table of %s: option '%s' = '%s': %w", options["path"], key, options[key], err)
		}
	}
	if o.onError == "dead-letter" && o.deadLetter == "" {
		return nil, fmt.Errorf("table of %s: 'on-error' = 'dead-letter' needs the option 'dead-letter.path': a directory", o.path)
	}
	return o, nil
}

func unknown(path, key, format string, known []Option) error {
	var keys []string
	for _, k := range known {
		keys = append(keys, k.Key)
	}
	slices.Sort(keys)
	of := "format " + format
	if prefix, _, _ := strings.Cut(key, "."); ofFormat[prefix] != nil && prefix != format {
		of += fmt.Sprintf(" (%s is for format %s)", key, prefix)
	}
	return fmt.Errorf("table of %s: unknown option '%s' of connector filesystem with %s; options are\n%s", path, key, of, strings.Join(keys, "\n"))
}
