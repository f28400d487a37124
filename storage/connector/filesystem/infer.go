package filesystem

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/arrow"
	"github.com/leatproject/leat/storage/format/columnar/csv"
	"github.com/leatproject/leat/storage/format/columnar/json"
)

// Inferred is a table that files are of which nothing was declared.
type Inferred struct {
	Options       map[string]string
	Fields        []Field
	PartitionKeys []string
	// Temporary is a file that holds what could be read only once, such as standard input; whoever has asked removes it.
	Temporary string
}

// extensions are the formats by the extension of files, behind which that of a compression may stand.
var extensions = map[string]string{
	".csv": "csv", ".tsv": "csv", ".psv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet", ".pq": "parquet",
	".avro": "avro", ".arrow": "arrow", ".arrows": "arrow", ".feather": "arrow",
}

func formatByName(name string) string {
	return extensions[strings.ToLower(path.Ext(strings.TrimSuffix(name, string(format.CompressionOf(name)))))]
}

// OptionsFor are the options of a table that is to be written to a path, by its extension.
func OptionsFor(path string) (map[string]string, error) {
	o := map[string]string{"connector": "filesystem", "path": path, "format": formatByName(strings.TrimRight(path, "/"))}
	if !strings.HasSuffix(path, "/") {
		o["sink.single-file"] = "true"
	}
	switch o["format"] {
	case "":
		return nil, fmt.Errorf("%s: its format cannot be told from its name; end it in .csv, .json, .parquet, .avro or .arrow, or use CREATE TABLE", path)
	case "arrow":
		o["arrow.stream"] = strconv.FormatBool(strings.HasSuffix(path, ".arrows"))
	case "csv":
		o["csv.header"], o["csv.null-literal"] = "true", ""
		if strings.Contains(path, ".tsv") {
			o["csv.field-delimiter"] = `\t`
		}
	}
	return o, nil
}

// Infer finds out what table the files of a path are: a file, a directory or a pattern. The first file, by name, speaks for all.
func Infer(ctx context.Context, path string) (*Inferred, error) {
	in := &Inferred{Options: map[string]string{"connector": "filesystem", "path": path}}
	spooled, err := spool(ctx, path)
	if err != nil {
		return nil, err
	}
	if spooled == "" {
		return in, in.infer(ctx, path)
	}
	in.Temporary, in.Options["path"] = spooled, spooled
	if err := in.infer(ctx, spooled); err != nil {
		return nil, errors.Join(fmt.Errorf("%s, copied: %w", path, err), os.Remove(spooled))
	}
	return in, nil
}

func (in *Inferred) infer(ctx context.Context, path string) error {
	files, err := filesystem.Glob(ctx, path)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s: the directory has no files; files whose names begin with . or _ do not count", path)
	}
	first := files[0].Path
	if len(files) == 1 && first == path {
		in.Options["sink.single-file"] = "true"
	}
	if err := in.inferFile(ctx, first); err != nil {
		if strings.Contains(err.Error(), first) {
			return err
		}
		return fmt.Errorf("%s: %w", first, err)
	}
	in.inferPartitions(files)
	return nil
}

func (in *Inferred) inferFile(ctx context.Context, first string) error {
	kind := formatByName(first)
	var head []byte
	var whole bool
	if kind != "parquet" && kind != "avro" && kind != "arrow" {
		var err error
		if head, whole, err = readHead(ctx, first); err != nil {
			return err
		}
	}
	if kind == "" {
		switch trimmed := bytes.TrimLeft(head, " \t\r\n\ufeff"); {
		case bytes.HasPrefix(head, []byte("PAR1")):
			kind = "parquet"
		case bytes.HasPrefix(head, []byte(arrow.Magic)):
			kind = "arrow"
		case bytes.HasPrefix(head, []byte("Obj\x01")):
			kind = "avro"
		case len(trimmed) > 0 && trimmed[0] == '{':
			kind = "json"
		default:
			kind = "csv"
		}
	}
	if kind == "csv" || kind == "json" {
		if err := columnar.NotText(head); err != nil {
			return err
		}
	}
	in.Options["format"] = kind
	switch kind {
	case "parquet":
		p, f, err := openParquet(ctx, first)
		if err != nil {
			return err
		}
		in.Fields = p.Fields()
		return f.Close()
	case "arrow":
		a, f, err := openArrow(ctx, first)
		if err != nil {
			return err
		}
		in.Fields = a.Fields()
		return f.Close()
	case "avro":
		a, f, err := openAvro(ctx, first)
		if err != nil {
			return err
		}
		in.Fields = a.Fields()
		_ = f.Close() // only read; a decompressor that was not read to its end complains
		return nil
	case "json":
		var err error
		in.Fields, err = json.Infer(head, whole)
		return err
	}
	o, fields, err := csv.Infer(head, whole)
	if err != nil {
		return err
	}
	in.Fields = fields
	in.Options["csv.null-literal"] = ""
	if o.Delimiter != ',' {
		in.Options["csv.field-delimiter"] = strings.ReplaceAll(string(o.Delimiter), "\t", `\t`)
	}
	if o.Header {
		in.Options["csv.header"] = "true"
	}
	return nil
}

// inferPartitions adds the keys of directories key=value that all files have.
func (in *Inferred) inferPartitions(files []filesystem.FileInfo) {
	guesses := map[string]*columnar.Guess{}
	for i, f := range files {
		elements := strings.Split(f.Path, "/")
		for _, e := range elements[:len(elements)-1] {
			key, value, ok := strings.Cut(e, "=")
			if !ok || key == "" {
				continue
			}
			if guesses[key] == nil {
				if i > 0 {
					continue
				}
				guesses[key] = new(columnar.Guess)
				in.PartitionKeys = append(in.PartitionKeys, key)
			}
			if value != hiveNull {
				guesses[key].Add([]byte(value))
			}
		}
	}
	for _, key := range in.PartitionKeys {
		f := Field{Name: key, Type: guesses[key].Type()}
		if at := slices.IndexFunc(in.Fields, func(f Field) bool { return f.Name == key }); at >= 0 {
			in.Fields[at] = f
		} else {
			in.Fields = append(in.Fields, f)
		}
	}
}

// spool copies what can be read only once, a pipe or a terminal, into a temporary file, of which it gives the name; "" for other paths.
func spool(ctx context.Context, path string) (name string, err error) {
	root, within, err := filesystem.Split(path)
	if err != nil || root.Scheme != "file" {
		return "", err
	}
	info, err := os.Stat(within)
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice|os.ModeSocket) == 0 {
		return "", nil
	}
	from, err := os.Open(within)
	if err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = from.Close() }) // which ends waiting for a pipe that nobody writes to
	name, err = copyOf(from, path)
	if !stop() {
		if name != "" {
			_ = os.Remove(name)
		}
		return "", context.Cause(ctx)
	}
	_ = from.Close() // only read
	return name, err
}

// copyOf copies what can be read once into a temporary file.
func copyOf(from io.Reader, path string) (name string, err error) {
	begin := bufio.NewReader(from)
	head, _ := begin.Peek(16) // what is wrong is told when it is copied
	to, err := os.CreateTemp("", "leat-input-*"+string(format.CompressionBy(head)))
	if err != nil {
		return "", err
	}
	if _, err = io.Copy(to, begin); err == nil {
		err = to.Close()
	}
	if err != nil {
		_ = os.Remove(to.Name())
		return "", fmt.Errorf("copy %s to a temporary file: %w", path, err)
	}
	return to.Name(), nil
}
