package session

import (
	"regexp"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/runtime/config"
)

var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// Substitute replaces {{name}} by the value of a variable so that it cannot be anything but a value: within quotes and back-quotes it is
// a part of the text, elsewhere a number if it looks like one, else a quoted text. Comments stay as they are. A name without value is
// an *ast.Error.
func Substitute(text string, variables map[string]string) (string, error) {
	var b strings.Builder
	quote := byte(0) // that is open
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "{{"):
			end := strings.Index(text[i:], "}}")
			name := ""
			if end > 0 {
				name = strings.TrimSpace(text[i+2 : i+end])
			}
			value, ok := variables[name]
			if !ok {
				if name == "" || !isName(name) {
					b.WriteString("{{")
					i += 2
					continue
				}
				return "", missing(text, i, name, variables)
			}
			b.WriteString(escaped(value, quote))
			i += end + 2
		case quote == 0 && strings.HasPrefix(text[i:], "--"):
			n := strings.IndexByte(text[i:], '\n')
			if n < 0 {
				n = len(text) - i
			}
			b.WriteString(text[i : i+n])
			i += n
		case quote == 0 && strings.HasPrefix(text[i:], "/*"):
			n := strings.Index(text[i:], "*/") + 2
			if n < 2 {
				n = len(text) - i
			}
			b.WriteString(text[i : i+n])
			i += n
		default:
			if quote == 0 && (c == '\'' || c == '`' || c == '"') {
				quote = c
			} else if c == quote {
				quote = 0
			}
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), nil
}

func isName(s string) bool { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`).MatchString(s) }

func escaped(value string, quote byte) string {
	switch {
	case quote != 0:
		q := string(quote)
		return strings.ReplaceAll(value, q, q+q)
	case number.MatchString(value):
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

func missing(text string, at int, name string, variables map[string]string) error {
	var known []string
	for k := range variables {
		known = append(known, k)
	}
	line := strings.Count(text[:at], "\n") + 1
	column := len([]rune(text[strings.LastIndexByte(text[:at], '\n')+1:at])) + 1
	err := ast.Errorf(ast.Pos{Offset: at, Line: line, Column: column}, "variable %s has no value%s", name, config.DidYouMean(name, known))
	err.Hint, err.Source = "give it by --var "+name+"=VALUE", text
	return err
}
