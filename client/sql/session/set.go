package session

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// resultMode is how tables are drawn: changelog has a first column that says what became of a row. It is the client's own setting.
const resultMode = "sql-client.execution.result-mode"

var resultModes = []string{"table", "changelog", "tableau"}

// changelog says whether tables are drawn as one.
func (s *Session) changelog() bool {
	return slices.ContainsFunc(s.settings, func(set setting) bool { return set.key == resultMode && strings.EqualFold(set.value, "changelog") })
}

// set changes a setting, or shows all.
func (s *Session) set(st *ast.Set) error {
	if st.Key == "" {
		return s.showSettings()
	}
	conf := config.New()
	if st.Key == resultMode {
		if !slices.Contains(resultModes, strings.ToLower(st.Value)) {
			return fmt.Errorf("%s: %q is not valid: expected %s%s", resultMode, st.Value, strings.Join(resultModes, ", "), config.DidYouMean(st.Value, resultModes))
		}
	} else if err := conf.SetFrom("SET", st.Key, st.Value); err != nil {
		return err
	}
	if st.Key == config.SQLTimeZone.Key {
		if _, err := parseZone(st.Value); err != nil {
			return err
		}
	}
	for _, w := range conf.Warnings() {
		s.out.Message("[WARNING] " + w)
	}
	s.forget(st.Key)
	s.settings = append(s.settings, setting{st.Key, st.Value})
	s.succeeded()
	return nil
}

func (s *Session) forget(key string) {
	s.settings = slices.DeleteFunc(s.settings, func(set setting) bool { return set.key == key })
}

// reset takes settings back to those of the configuration.
func (s *Session) reset(st *ast.Reset) error {
	if st.Key == "" {
		s.settings = nil
	} else {
		if err := config.New().SetFrom("RESET", st.Key, ""); err != nil && strings.Contains(err.Error(), "unknown configuration key") {
			return err
		}
		s.forget(st.Key)
	}
	s.succeeded()
	return nil
}

func (s *Session) showSettings() error {
	var rows [][]string
	for _, set := range slices.SortedFunc(slices.Values(s.settings), func(a, b setting) int { return strings.Compare(a.key, b.key) }) {
		if isSecret(set.key) {
			set.value = config.Masked
		}
		rows = append(rows, []string{set.key, set.value})
	}
	return s.print([]string{"key", "value"}, rows)
}

// print gives a table of texts; NULL is the text with one zero byte.
func (s *Session) print(names []string, rows [][]string) error {
	var columns plan.Schema
	for _, n := range names {
		columns = append(columns, plan.Column{Name: n, Type: datatype.String})
	}
	w, err := s.out.Table(columns, result.Options{})
	if err != nil {
		return err
	}
	b := &vector.Batch{Length: len(rows)}
	for i := range names {
		v := vector.New(datatype.String, len(rows))
		for k, row := range rows {
			if row[i] == null {
				v.SetNull(k)
			} else {
				v.PutBytes(k, []byte(row[i]))
			}
		}
		v.Finish()
		b.Columns = append(b.Columns, v)
	}
	if err := w.Write(b); err != nil {
		return err
	}
	return w.Close()
}

const null = "\x00"
