package session

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/leatproject/leat/runtime/config"
)

// secretWords mark options whose values are never shown, as in Flink.
var secretWords = strings.Fields("password secret token account.key apikey api-key auth-params service-key jaas.config http-headers")

// isSecret says whether the value of an option is never shown.
func isSecret(key string) bool {
	lower := strings.ToLower(key)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(lower, word) })
}

// option is a key and its value, as SET and WITH have them.
var option = regexp.MustCompile(`('((?:[^']|'')+)'\s*=\s*')((?:[^']|'')*)`)

// WithoutSecrets puts stars in the place of passwords and their like among the options of a text, as many as they have bytes, so that places stay.
func WithoutSecrets(text string) string {
	return option.ReplaceAllStringFunc(text, func(o string) string {
		m := option.FindStringSubmatch(o)
		if !isSecret(m[2]) {
			return o
		}
		return m[1] + strings.Repeat("*", len(m[3]))
	})
}

// shownOptions are options as they are shown.
func shownOptions(options map[string]string) map[string]string {
	out := maps.Clone(options)
	for key := range out {
		if isSecret(key) {
			out[key] = config.Masked
		}
	}
	return out
}
