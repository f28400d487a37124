package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/leatproject/leat/client/savepoint"
	"github.com/urfave/cli/v2"
)

// inspectFlags are those of leat savepoint inspect.
func inspectFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "operator", Usage: "inspect: entries of a state of the operator with this `UID`, id or name"},
		&cli.StringFlag{Name: "state", Usage: "inspect: the `NAME` of the state"},
		&cli.StringFlag{Name: "key", Usage: "inspect: only entries of this `KEY`, as it is shown"},
		&cli.IntFlag{Name: "limit", Usage: "inspect: at most this `NUMBER` of entries; 0 for all", Value: 100},
	}
}

// inspectSavepoint shows what a checkpoint or savepoint consists of, or entries of one of its states.
func inspectSavepoint(ctx context.Context, c *cli.Context, path string, s streams) error {
	sp, err := savepoint.Open(ctx, path)
	if err != nil {
		return err
	}
	operator, state := c.String("operator"), c.String("state")
	switch {
	case operator == "" && state == "" && c.Bool("json"):
		return printJSON(s.out, sp)
	case operator == "" && state == "":
		return describe(s.out, sp)
	case operator == "" || state == "":
		return wrongUsage("savepoint inspect: entries need both --operator and --state")
	}
	entries := chosen(sp.Entries(ctx, operator, state), c.String("key"), c.Int("limit"))
	if c.Bool("json") {
		for e, err := range entries {
			if err != nil {
				return err
			}
			if err := printJSON(s.out, e); err != nil {
				return err
			}
		}
		return nil
	}
	return table(s.out, entries)
}

func printJSON(out io.Writer, v any) error {
	encoded, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", encoded)
	return err
}

// chosen are the entries of a key, up to a limit.
func chosen(entries iter.Seq2[savepoint.Entry, error], key string, limit int) iter.Seq2[savepoint.Entry, error] {
	return func(yield func(savepoint.Entry, error) bool) {
		n := 0
		for e, err := range entries {
			if err == nil && key != "" {
				if shown := shownKey(e); shown != key && shown != strconv.Quote(key) {
					continue
				}
			}
			if !yield(e, err) {
				return
			}
			if n++; n == limit {
				return
			}
		}
	}
}

func shownKey(e savepoint.Entry) string {
	switch {
	case e.HasKey:
		return e.Key.String()
	case e.HasUserKey:
		return e.UserKey.String()
	}
	return ""
}

// describe prints the operators and states.
func describe(out io.Writer, sp *savepoint.Savepoint) error {
	what := "Checkpoint"
	if sp.IsSavepoint {
		what = "Savepoint"
	}
	fmt.Fprintf(out, "%s %d of job %s (%s), %s\n\n", what, sp.CheckpointID, sp.JobName, sp.JobID, sp.Completed.Format(time.RFC3339))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATOR\tUID\tPARALLELISM\tSTATE\tKIND\tKEY\tVALUE\tROWS\tBYTES")
	for i := range sp.Operators {
		o := &sp.Operators[i]
		lead := fmt.Sprintf("%s\t%s\t%d of %d", o.Name, cmp.Or(o.UID, "("+o.ID+")"), o.Parallelism, o.MaxParallelism)
		if o.CoordinatorBytes > 0 {
			fmt.Fprintf(w, "%s\t\tcoordinator\t\t\t\t%d\n", lead, o.CoordinatorBytes)
			lead = "\t\t"
		}
		if len(o.States) == 0 && o.CoordinatorBytes == 0 {
			fmt.Fprintf(w, "%s\t\t\t\t\t\t\n", lead)
		}
		for _, st := range o.States {
			rows := strconv.FormatInt(st.Rows, 10)
			if st.Increments > 1 {
				rows = "<=" + rows
			}
			key, value := st.Types()
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", lead, st.Name, st.Kind, key, value, rows, st.Bytes)
			lead = "\t\t"
		}
	}
	return w.Flush()
}

// table prints entries in columns.
func table(out io.Writer, entries iter.Seq2[savepoint.Entry, error]) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	first := true
	for e, err := range entries {
		if err != nil {
			return err
		}
		if first {
			first = false
			if e.HasKey {
				fmt.Fprint(w, "KEY\t")
			}
			if e.HasUserKey {
				fmt.Fprint(w, "MAP KEY\t")
			}
			fmt.Fprintln(w, "VALUE")
		}
		if e.HasKey {
			fmt.Fprintf(w, "%s\t", e.Key)
		}
		if e.HasUserKey {
			fmt.Fprintf(w, "%s\t", e.UserKey)
		}
		fmt.Fprintln(w, shownValue(e))
	}
	if first {
		fmt.Fprintln(w, "no entries")
	}
	return w.Flush()
}

func shownValue(e savepoint.Entry) string {
	switch {
	case e.Raw != nil:
		return fmt.Sprintf("%d bytes that only the operator can read", len(e.Raw))
	case e.IsList:
		dst := []byte{'['}
		for i, v := range e.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.AppendJSON(dst)
		}
		return string(append(dst, ']'))
	}
	return e.Value.String()
}
