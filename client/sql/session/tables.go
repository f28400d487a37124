package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/storage/connector/datagen"
	"github.com/leatproject/leat/storage/connector/discard"
	"github.com/leatproject/leat/storage/connector/filesystem"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
)

// tables opens the tables of a statement.
type tables struct {
	session *Session
	ctx     context.Context
	zone    *time.Location
	now     time.Time // of the statement, once it is asked for
}

// described is the table of a path, which a scan or a sink has.
func (t *tables) described(path []string) (*catalog.Table, error) {
	if len(path) == 1 {
		return t.session.file(path[0])
	}
	found, _, err := t.session.Catalogs.Table(catalog.Path{Catalog: path[0], Database: path[1], Object: path[2]})
	return found, err
}

// files opens a table of files, and tells the names of its columns.
func (t *tables) files(path []string, options map[string]string) (*filesystem.Table, []string, error) {
	found, err := t.described(path)
	if err != nil {
		return nil, nil, err
	}
	var fields, metadata []filesystem.Field
	var names, keys, last []string
	for _, c := range found.Columns {
		f := filesystem.Field{Name: c.Name, Type: c.Type}
		switch {
		case c.Metadata != "":
			metadata, keys, last = append(metadata, f), append(keys, c.Metadata), append(last, c.Name)
		case c.Expr == "":
			fields, names = append(fields, f), append(names, c.Name)
		}
	}
	table, err := filesystem.Open(t.session.located(options), fields, found.PartitionBy)
	if err == nil && len(keys) > 0 {
		table, err = table.WithMetadata(metadata, keys)
	}
	return table, append(names, last...), err
}

// located makes the paths of a table absolute that a cluster reads: they are from where the driver is.
func (s *Session) located(options map[string]string) map[string]string {
	if worker.Started() == nil && config.Get(s.env.Configuration(), config.ExecutionTarget) == "local" {
		return options
	}
	here := s.driver().Directory
	options = maps.Clone(options)
	for _, key := range []string{"path", "dead-letter.path"} {
		path := options[key]
		if path == "" || here == "" || strings.Contains(path, ":") || filepath.IsAbs(path) {
			continue
		}
		options[key] = filepath.Join(here, path)
		if strings.HasSuffix(path, "/") {
			options[key] += "/"
		}
	}
	return options
}

// Stream implements physical.Tables.
func (t *tables) Stream(scan *plan.Scan) (*datastream.Vectors, []string, error) {
	if scan.Options["connector"] != streamConnector {
		return nil, nil, nil
	}
	found, ok := t.session.streams[strings.Join(scan.Path, ".")]
	if !ok || found.rows.Executed() {
		return nil, nil, errors.New("it was a stream of a job that has been executed: make it again for this one")
	}
	if !found.rows.Bounded() {
		return nil, nil, errors.New("it is a stream that does not end, and SQL waits for the end of what it reads: bound its source, or use the stream itself")
	}
	return found.rows, found.names, nil
}

// generated opens a table of rows that are made up, and tells the names of its columns.
func (t *tables) generated(scan *plan.Scan) (*datagen.Table, []string, error) {
	found, err := t.described(scan.Path)
	if err != nil {
		return nil, nil, err
	}
	var fields []datagen.Field
	var names []string
	for _, c := range found.Columns {
		switch {
		case c.Metadata != "":
			return nil, nil, fmt.Errorf("column %s is METADATA, which connector datagen does not have", c.Name)
		case c.Expr == "":
			fields, names = append(fields, datagen.Field{Name: c.Name, Type: c.Type}), append(names, c.Name)
		}
	}
	if t.now.IsZero() {
		t.now = once(t.session, "now", func() time.Time { return t.session.begun })
	}
	table, err := datagen.Open(scan.Options, fields, datagen.Options{Now: t.now, Clock: t.session.env.Clock()})
	return table, names, err
}

// Source implements physical.Tables.
func (t *tables) Source(scan *plan.Scan, filters []expr.Expr) (source.Source, error) {
	switch scan.Options["connector"] {
	case "filesystem":
		table, names, err := t.files(scan.Path, scan.Options)
		if err != nil {
			return nil, err
		}
		columns := make([]int, len(scan.Columns))
		for i, c := range scan.Columns {
			columns[i] = slices.Index(names, c.Name)
			if scan.Parts != nil {
				table = table.Narrowed(columns[i], scan.Parts[i])
			}
		}
		return table.Source(columns, fileFilters(columns, filters)...)
	case "datagen":
		table, names, err := t.generated(scan)
		if err != nil {
			return nil, err
		}
		columns := make([]int, len(scan.Columns))
		for i, c := range scan.Columns {
			columns[i] = slices.Index(names, c.Name)
		}
		return table.Source(columns)
	case "print", "blackhole":
		return nil, fmt.Errorf("connector %s is for INSERT only: nothing can be read from it", scan.Options["connector"])
	}
	return nil, unknownConnector(scan.Options)
}

// Sink implements physical.Tables.
func (t *tables) Sink(to *plan.Sink) (sink.Sink, error) {
	switch to.Options["connector"] {
	case "datagen":
		return nil, errors.New("connector datagen makes rows up: nothing can be written to it")
	case "blackhole":
		return discard.NewSink(), checkOptions(to.Options, nil)
	case "print":
		return newPrinter(to, t.zone), checkOptions(to.Options, printOptions)
	}
	options := to.Options
	if len(to.Path) == 1 {
		var err error
		if options, err = filesystem.OptionsFor(to.Path[0]); err != nil {
			return nil, err
		}
	}
	if options["connector"] != "filesystem" {
		return nil, unknownConnector(options)
	}
	var fields []filesystem.Field
	for _, c := range to.Columns {
		fields = append(fields, filesystem.Field{Name: c.Name, Type: c.Type})
	}
	if found, err := t.described(to.Path); err == nil && len(to.Path) > 1 {
		for _, c := range found.Columns {
			if c.Metadata != "" && !c.Virtual {
				return nil, fmt.Errorf("column %s is METADATA, which cannot be written to files; declare it METADATA VIRTUAL", c.Name)
			}
		}
	}
	table, err := filesystem.Open(t.session.located(options), fields, to.Partition)
	if err != nil {
		return nil, err
	}
	return table.Sink(filesystem.SinkOptions{Overwrite: to.Overwrite, Static: staticPartition(to), Clock: t.session.env.Clock()})
}

// staticPartition are the values that the statement gives of the first partition columns.
func staticPartition(to *plan.Sink) map[string]string {
	values := map[string]string{}
	for _, name := range to.Partition {
		text, ok := to.Static[name]
		if !ok {
			break
		}
		values[name] = text
	}
	return values
}

// statistics are what is known of a table before it is read.
type statistics struct {
	Rows float64 // negative: nobody knows
	// Distinct is how many different values columns have at most, those of which it is known.
	Distinct map[string]float64
}

// Rows implements physical.Tables and optimizer.Statistics.
func (t *tables) Rows(scan *plan.Scan) (float64, bool) {
	rows := t.statistics(scan).Rows
	return rows, rows >= 0
}

// Distinct implements optimizer.Statistics.
func (t *tables) Distinct(scan *plan.Scan, column string) (float64, bool) {
	n, ok := t.statistics(scan).Distinct[column]
	return n, ok
}

func (t *tables) statistics(scan *plan.Scan) statistics {
	name := strings.Join(scan.Path, ".")
	known, ok := t.session.known[name]
	if !ok {
		known.Rows = -1
		switch scan.Options["connector"] {
		case "datagen":
			if table, _, err := t.generated(scan); err == nil {
				known.Rows = float64(table.Rows())
			}
		case "filesystem":
			known = t.counted(scan)
		}
		t.session.known[name] = known
	}
	return known
}

// counted is what is known of files; what is wrong with them is told when they are read.
func (t *tables) counted(scan *plan.Scan) statistics {
	table, names, err := t.files(scan.Path, scan.Options)
	return once(t.session, "rows", func() statistics {
		out := statistics{Rows: -1}
		if err != nil {
			return out
		}
		known, err := table.Statistics(t.ctx)
		if err != nil {
			return out
		}
		out.Rows, out.Distinct = float64(known.Rows), map[string]float64{}
		for i := range known.Columns {
			if n, ok := known.Columns[i].Distinct(); ok && n < out.Rows {
				out.Distinct[names[i]] = n
			}
		}
		return out
	})
}

func unknownConnector(options map[string]string) error {
	name := options["connector"]
	if name == "" {
		return fmt.Errorf("it has no option 'connector' among %s: %s are there", strings.Join(slices.Sorted(maps.Keys(options)), ", "), strings.Join(connectors, ", "))
	}
	return fmt.Errorf("there is no connector %s%s; %s are there", name, config.DidYouMean(name, connectors), strings.Join(connectors, ", "))
}
