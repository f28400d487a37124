package kafka

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode/utf16"
)

// ReadProperties reads a file of properties as Kafka's own tools take them (java.util.Properties): NAME=VALUE, comments behind #
// and !, lines that go on behind a backslash. Passwords then are neither in a command line nor in the program.
func ReadProperties(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("kafka properties: %w", err)
	}
	values, err := parseProperties(string(text))
	if err != nil {
		return nil, fmt.Errorf("kafka properties: %s: %w", path, err)
	}
	return values, nil
}

const blanks = " \t\f"

// parseProperties parses the text of a file. Its errors hold no values.
func parseProperties(text string) (map[string]string, error) {
	values := map[string]string{}
	line, begun := "", 0
	for i, s := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n") {
		s = strings.TrimLeft(s, blanks)
		if begun == 0 {
			if s == "" || s[0] == '#' || s[0] == '!' {
				continue
			}
			begun = i + 1
		}
		line += s
		if (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1 {
			line = line[:len(line)-1]
			continue
		}
		if err := addProperty(values, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", begun, err)
		}
		line, begun = "", 0
	}
	if begun > 0 {
		return nil, fmt.Errorf("line %d: it goes on behind the end of the file", begun)
	}
	return values, nil
}

func addProperty(values map[string]string, line string) error {
	end := 0
	for ; end < len(line) && !strings.ContainsRune("=:"+blanks, rune(line[end])); end++ {
		if line[end] == '\\' {
			end++
		}
	}
	rest := strings.TrimLeft(line[end:], blanks)
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], blanks)
	}
	name, err := unescape(line[:end])
	if err != nil {
		return err
	}
	values[name], err = unescape(rest)
	return err
}

var escapes = map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f'}

// unescape resolves escapes; a backslash before any other character stands for that.
func unescape(s string) (string, error) {
	var units []uint16 // of characters written as \u, which may be surrogates
	var b strings.Builder
	flush := func() {
		b.WriteString(string(utf16.Decode(units)))
		units = nil
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			flush()
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == 'u' {
			if len(s) < i+5 {
				return "", errUnicode
			}
			u, err := strconv.ParseUint(s[i+1:i+5], 16, 16)
			if err != nil {
				return "", errUnicode
			}
			units = append(units, uint16(u))
			i += 4
			continue
		}
		flush()
		if c, ok := escapes[s[i]]; ok {
			b.WriteByte(c)
		} else {
			b.WriteByte(s[i])
		}
	}
	flush()
	return b.String(), nil
}

var errUnicode = errors.New(`\u must be followed by four hexadecimal digits`)
