package conf

import (
	"bytes"
	"encoding/xml"
	"maps"
	"slices"
	"strings"
)

// Site is the configuration as one site file, for processes on hosts that have none. Passwords and secrets are left out.
func (c Conf) Site() []byte {
	var b bytes.Buffer
	b.WriteString("<configuration>\n")
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if lower := strings.ToLower(name); strings.Contains(lower, "password") || strings.Contains(lower, "secret") {
			continue
		}
		b.WriteString("<property><name>")
		_ = xml.EscapeText(&b, []byte(name)) // a buffer takes everything
		b.WriteString("</name><value>")
		_ = xml.EscapeText(&b, []byte(c[name]))
		b.WriteString("</value></property>\n")
	}
	b.WriteString("</configuration>\n")
	return b.Bytes()
}
