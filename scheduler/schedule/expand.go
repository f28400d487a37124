package schedule

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var placeholder = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// Expand puts an interval into arguments, in the place of {{date}}, the day on which it starts, {{start}} and {{end}}, which are
// times of RFC 3339. Others are an error.
func Expand(arguments []string, start, end time.Time) ([]string, error) {
	var wrong error
	all := make([]string, len(arguments))
	for n, a := range arguments {
		all[n] = placeholder.ReplaceAllStringFunc(a, func(name string) string {
			switch strings.TrimSpace(name[2 : len(name)-2]) {
			case "date":
				return start.Format(time.DateOnly)
			case "start":
				return start.Format(time.RFC3339)
			case "end":
				return end.Format(time.RFC3339)
			}
			wrong = fmt.Errorf("%s in %q is not known: there are {{date}}, {{start}} and {{end}}", name, a)
			return name
		})
	}
	return all, wrong
}
