package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Configuration is a set of checked values. The zero value is not usable; begin with New, Load or FromEnvironment. It is
// safe for concurrent reading, not for writing while others read: give away a Clone.
type Configuration struct {
	entries  map[string]entry
	warnings map[string]string // by key
}

// entry is one value and where it was set.
type entry struct {
	value  any // of the option's type; string for keys without one
	text   string
	origin string
	secret bool
}

// Value is one key as it is shown to people.
type Value struct {
	Key    string
	Value  string // "******" for secrets
	Origin string // such as "conf/config.yaml:12", "LEAT_PARALLELISM_DEFAULT", "-D" or "code"
}

const (
	originCode = "code"
	// Masked stands for the values of secrets.
	Masked = "******"
)

// New is a configuration in which every option has its default.
func New() *Configuration {
	return &Configuration{entries: map[string]entry{}, warnings: map[string]string{}}
}

// Set gives the key a value, written as in a configuration file. It fails, and changes nothing, when the key is unknown or
// the value is not of its kind.
func (c *Configuration) Set(key, value string) error { return c.set(key, value, originCode) }

// SetFrom is Set for a value from a place that is named in errors, warnings and All, such as a flag.
func (c *Configuration) SetFrom(origin, key, value string) error { return c.set(key, value, origin) }

// With is a copy in which the key has the value.
func (c *Configuration) With(key, value string) (*Configuration, error) {
	copied := c.Clone()
	return copied, copied.Set(key, value)
}

// Clone is an independent copy.
func (c *Configuration) Clone() *Configuration {
	return &Configuration{entries: maps.Clone(c.entries), warnings: maps.Clone(c.warnings)}
}

// Merge takes over every value of other, which wins over what is here.
func (c *Configuration) Merge(other *Configuration) {
	maps.Copy(c.entries, other.entries)
	maps.Copy(c.warnings, other.warnings)
}

// All is every value that was set, by key. Secrets are masked.
func (c *Configuration) All() []Value {
	values := make([]Value, 0, len(c.entries))
	for _, key := range slices.Sorted(maps.Keys(c.entries)) {
		e := c.entries[key]
		if e.secret {
			e.text = Masked
		}
		values = append(values, Value{Key: key, Value: e.text, Origin: e.origin})
	}
	return values
}

// WithPrefix is the values of all keys that begin with prefix, by the rest of the key, secrets included. It is how keys that
// end in a free name are read, such as those of "flink.hadoop.".
func (c *Configuration) WithPrefix(prefix string) map[string]string {
	found := map[string]string{}
	for key, e := range c.entries {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			found[rest] = e.text
		}
	}
	return found
}

// HadoopProperties is what hadoop.NAME and flink.hadoop.NAME set in Hadoop's configuration, by NAME; the latter win. What
// flink.yarn.NAME sets is there as yarn.NAME, and who to log in as by Kerberos under names of storage/hadoop/namenode.
func (c *Configuration) HadoopProperties() map[string]string {
	properties := c.WithPrefix("hadoop.")
	for name, value := range map[string]string{
		"kerberos.keytab": Get(c, KerberosKeytab), "kerberos.principal": Get(c, KerberosPrincipal), "kerberos.config": Get(c, KerberosConfig),
	} {
		if value != "" {
			properties[name] = value
		}
	}
	if !Get(c, KerberosTicketCache) {
		properties["kerberos.use-ticket-cache"] = "false"
	}
	maps.Copy(properties, c.WithPrefix("flink.hadoop."))
	for name, value := range c.WithPrefix("flink.yarn.") {
		properties["yarn."+name] = value
	}
	return properties
}

// Warnings is one sentence for each key that was set and has no effect, by key.
func (c *Configuration) Warnings() []string {
	sentences := make([]string, 0, len(c.warnings))
	for _, key := range slices.Sorted(maps.Keys(c.warnings)) {
		sentences = append(sentences, c.warnings[key])
	}
	return sentences
}

func (c *Configuration) set(key, value, origin string) error {
	if s, ok := declared.byKey[key]; ok {
		return c.setOption(s, key, value, origin)
	}
	if parent, name, ok := dictionaryOf(key); ok {
		return c.setDictionaryEntry(parent, name, value, origin)
	}
	if !wellFormed(key) {
		return fmt.Errorf("%s: %q is not a configuration key: expected words of letters and digits with one of . - _ between them",
			origin, key)
	}
	f, ok := familyOf(key)
	if !ok {
		return fmt.Errorf("%s: unknown configuration key %q%s", origin, key, DidYouMean(key, knownKeys()))
	}
	if f.why != "" {
		c.warnings[key] = fmt.Sprintf("%s: %s has no effect: %s", origin, key, f.why)
	}
	c.entries[key] = entry{value: value, text: value, origin: origin, secret: isSecret(key)}
	return nil
}

func (c *Configuration) setOption(s *spec, key, value, origin string) error {
	parsed, err := s.parse(value)
	if err != nil {
		shown := value
		if isSecret(s.key) {
			shown = Masked
		}
		return fmt.Errorf("%s: %s: %q is not valid: expected %s", origin, key, shown, s.typeName)
	}
	delete(c.warnings, s.key)
	if s.pending != "" && s.format(parsed) != s.unset {
		c.warnings[s.key] = fmt.Sprintf("%s: %s has no effect in this version: %s", origin, key, s.pending)
	}
	c.entries[s.key] = entry{value: parsed, text: s.format(parsed), origin: origin, secret: isSecret(s.key)}
	return nil
}

// setDictionaryEntry adds one entry to an option that is a map.
func (c *Configuration) setDictionaryEntry(s *spec, name, value, origin string) error {
	entries := map[string]string{}
	if e, ok := c.entries[s.key]; ok {
		maps.Copy(entries, e.value.(map[string]string))
	}
	entries[name] = value
	return c.setOption(s, s.key, s.format(entries), origin)
}

// dictionaryOf finds the map option that "option.entry" belongs to.
func dictionaryOf(key string) (s *spec, name string, ok bool) {
	for dot := strings.LastIndexByte(key, '.'); dot > 0; dot = strings.LastIndexByte(key[:dot], '.') {
		if s, ok := declared.byKey[key[:dot]]; ok && s.isMap {
			return s, key[dot+1:], true
		}
	}
	return nil, "", false
}

// knownKeys is every key and alias that has an option.
func knownKeys() []string { return slices.Sorted(maps.Keys(declared.byKey)) }

// secretWords mark keys whose values are never shown, as in Flink.
var secretWords = []string{
	"password", "secret", "token", "account.key", "apikey", "api-key", "auth-params", "service-key", "jaas.config", "http-headers",
}

func isSecret(key string) bool {
	lower := strings.ToLower(key)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(lower, word) })
}

// wellFormed tells whether a key is words with single separators between them: what a variable's name can say.
func wellFormed(key string) bool {
	separated := true
	for _, r := range key {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			separated = false
		case (r == '.' || r == '-' || r == '_') && !separated:
			separated = true
		default:
			return false
		}
	}
	return !separated
}
