package sasl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errChallenge = errors.New("the DIGEST-MD5 message cannot be read")

// directives are the name=value pairs of a DIGEST-MD5 message. Of a repeated name the first value counts.
type directives map[string]string

// parseDirectives reads RFC 2831's list: name = token | quoted-string, separated by commas and white space.
func parseDirectives(message []byte) (directives, error) {
	const maxLength = 8192
	if len(message) > maxLength {
		return nil, fmt.Errorf("%w: it has %d bytes", errChallenge, len(message))
	}
	out, rest := directives{}, string(message)
	for {
		rest = strings.TrimLeft(rest, ", \t\r\n")
		if rest == "" {
			return out, nil
		}
		name, after, ok := strings.Cut(rest, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" || strings.ContainsAny(name, ",\" ") {
			return nil, fmt.Errorf("%w at %.20q", errChallenge, rest)
		}
		value, left, err := parseValue(strings.TrimLeft(after, " \t"))
		if err != nil {
			return nil, err
		}
		if _, known := out[name]; !known {
			out[name] = value
		}
		rest = left
	}
}

func parseValue(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexByte(s, ',')
		if end < 0 {
			end = len(s)
		}
		return strings.TrimSpace(s[:end]), s[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			rest := strings.TrimLeft(s[i+1:], " \t\r\n")
			if rest != "" && rest[0] != ',' {
				return "", "", fmt.Errorf("%w after a quoted value: %.20q", errChallenge, rest)
			}
			return b.String(), rest, nil
		case '\\':
			i++
			if i == len(s) {
				return "", "", fmt.Errorf("%w: it ends in a quoted value", errChallenge)
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", fmt.Errorf("%w: a quote is not closed", errChallenge)
}

// list splits a value at commas and spaces.
func (d directives) list(name string) []string {
	return strings.FieldsFunc(d[name], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// challenge is what a server asks.
type challenge struct {
	realm, nonce string
	qops         []QOP
	ciphers      []string
	maxBuffer    int // bytes of a wrapped message that the server takes
}

func parseChallenge(message []byte) (*challenge, error) {
	d, err := parseDirectives(message)
	if err != nil {
		return nil, err
	}
	c := &challenge{realm: d["realm"], nonce: d["nonce"], ciphers: d.list("cipher"), maxBuffer: defaultBuffer}
	if c.nonce == "" {
		return nil, fmt.Errorf("%w: it has no nonce", errChallenge)
	}
	if algorithm := d["algorithm"]; algorithm != "md5-sess" {
		return nil, fmt.Errorf("%w: algorithm %q", errChallenge, algorithm)
	}
	for _, qop := range d.list("qop") {
		c.qops = append(c.qops, QOP(qop))
	}
	if len(c.qops) == 0 {
		c.qops = []QOP{Auth}
	}
	if v, ok := d["maxbuf"]; ok {
		n, err := strconv.Atoi(v)
		if err != nil || n <= 16 || n > 1<<24 {
			return nil, fmt.Errorf("%w: maxbuf %q", errChallenge, v)
		}
		c.maxBuffer = n
	}
	return c, nil
}

// quote is a quoted-string.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
