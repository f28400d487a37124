package krb5

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jcmturner/gokrb5/v8/config"
)

// Profile is what is used of krb5.conf.
type Profile struct {
	defaults map[string]string // [libdefaults]
	realms   map[string][]string
	order    []string // of realms
	domains  map[string]string
}

var errIncludes = errors.New("files include one another without end")

// ErrConfig is wrapped by errors of krb5.conf.
var ErrConfig = errors.New("krb5.conf")

// maxIncludes is how deep files may include one another.
const maxIncludes = 10

// LoadProfile reads a list of files, separated by colons, of which at least one must exist. Empty means KRB5_CONFIG, else
// /etc/krb5.conf.
func LoadProfile(files string) (*Profile, error) {
	if files == "" {
		files = os.Getenv("KRB5_CONFIG")
	}
	if files == "" {
		files = "/etc/krb5.conf"
	}
	p := newProfile()
	found := false
	for file := range strings.SplitSeq(files, ":") {
		err := p.file(file, 0)
		if errors.Is(err, os.ErrNotExist) && filepath.Clean(file) == pathOf(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrConfig, err)
		}
		found = true
	}
	if !found {
		return nil, fmt.Errorf("%w: there is no %s; set KRB5_CONFIG to the file of the cluster", ErrConfig, files)
	}
	return p, nil
}

func pathOf(err error) string {
	var at *os.PathError
	if errors.As(err, &at) {
		return filepath.Clean(at.Path)
	}
	return ""
}

func newProfile() *Profile {
	return &Profile{defaults: map[string]string{}, realms: map[string][]string{}, domains: map[string]string{}}
}

func (p *Profile) file(path string, depth int) error {
	if depth > maxIncludes {
		return fmt.Errorf("%s: %w", path, errIncludes)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	err = p.parse(f, depth)
	if err == nil || errors.Is(err, errIncludes) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// included are the names that includedir takes: MIT's rule, which keeps editors' back-up files out.
var included = regexp.MustCompile(`^([A-Za-z0-9_-]+|[^.].*\.conf)$`)

func (p *Profile) includeDir(dir string, depth int) error {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !included.MatchString(e.Name()) {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err != nil || info.IsDir() {
			continue
		}
		if err := p.file(filepath.Join(dir, e.Name()), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// parse reads one file. Sections that come again are continued; of a relation of [libdefaults] the first counts, as in MIT's
// libraries.
func (p *Profile) parse(r io.Reader, depth int) error {
	var section, realm string
	braces := 0
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		directive, argument, _ := strings.Cut(line, " ")
		argument = strings.TrimSpace(argument)
		var err error
		switch {
		case directive == "include" && argument != "" && !strings.HasPrefix(argument, "="):
			err = p.file(argument, depth+1)
		case directive == "includedir" && argument != "" && !strings.HasPrefix(argument, "="):
			err = p.includeDir(argument, depth)
		case directive == "module":
		case line[0] == '[' && braces == 0:
			name, _, ok := strings.Cut(line[1:], "]")
			if !ok {
				err = fmt.Errorf("%.40q is no section", line)
			}
			section = strings.TrimSpace(name)
		case strings.HasPrefix(line, "}"):
			if braces--; braces < 0 {
				err = errors.New("a brace is closed that was not opened")
			}
		default:
			name, value, ok := strings.Cut(line, "=")
			name, value = strings.TrimSpace(name), cleanValue(value)
			switch {
			case !ok && line != "{":
				err = fmt.Errorf("%.40q is no relation (name = value)", line)
			case value == "{" || line == "{":
				if braces++; braces == 1 {
					realm = name
				}
			case braces == 0:
				p.relation(section, name, value)
			case braces == 1 && section == "realms":
				p.realm(realm, name, value)
			}
		}
		switch {
		case errors.Is(err, errIncludes):
			return err
		case err != nil:
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if braces > 0 {
		return errors.New("a brace is not closed")
	}
	return lines.Err()
}

func cleanValue(v string) string {
	v = strings.TrimSpace(v)
	if strings.HasPrefix(v, `"`) {
		if end := strings.IndexByte(v[1:], '"'); end >= 0 {
			return v[1 : end+1]
		}
	}
	return v
}

func (p *Profile) relation(section, name, value string) {
	switch section {
	case "libdefaults":
		if _, known := p.defaults[name]; !known {
			p.defaults[name] = value
		}
	case "domain_realm":
		if _, known := p.domains[strings.ToLower(name)]; !known {
			p.domains[strings.ToLower(name)] = value
		}
	}
}

// realm keeps the KDCs, the first of which is asked first.
func (p *Profile) realm(realm, name, value string) {
	if !slices.Contains(p.order, realm) {
		p.order = append(p.order, realm)
	}
	value = strings.TrimPrefix(strings.TrimPrefix(value, "tcp/"), "udp/")
	if name == "kdc" && value != "" && !strings.Contains(value, "://") { // a KDC behind HTTPS is not supported
		p.realms[realm] = append(p.realms[realm], value)
	}
}

// encryption is the defaults of MIT's libraries that gokrb5 has.
const encryption = "aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128"

// families are the short names of encryption types.
var families = map[string]string{
	"DEFAULT":        encryption,
	"aes":            encryption,
	"aes256-cts":     "aes256-cts-hmac-sha1-96",
	"aes256-sha1":    "aes256-cts-hmac-sha1-96",
	"aes256-sha2":    "aes256-cts-hmac-sha384-192",
	"aes128-cts":     "aes128-cts-hmac-sha1-96",
	"aes128-sha1":    "aes128-cts-hmac-sha1-96",
	"aes128-sha2":    "aes128-cts-hmac-sha256-128",
	"rc4":            "arcfour-hmac",
	"arcfour-hmac":   "arcfour-hmac",
	"rc4-hmac":       "rc4-hmac",
	"des3":           "des3-cbc-sha1-kd",
	"des3-hmac-sha1": "des3-cbc-sha1-kd",
}

func encryptionTypes(list string) string {
	var out []string
	for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		if more, ok := families[name]; ok {
			name = more
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// passed are the relations that gokrb5 is told as they are.
var passed = []string{"allow_weak_crypto", "canonicalize", "clockskew", "default_realm", "dns_lookup_realm", "forwardable",
	"noaddresses", "proxiable", "renew_lifetime", "ticket_lifetime"}

// config is the profile for gokrb5: over TCP, because tickets with many groups do not fit into datagrams.
func (p *Profile) config() (c *config.Config, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "[libdefaults]\nudp_preference_limit = 1\n")
	for _, name := range passed {
		if v, ok := p.defaults[name]; ok {
			fmt.Fprintf(&b, "%s = %s\n", name, boolean(v))
		}
	}
	fmt.Fprintf(&b, "dns_lookup_kdc = %s\n", boolean(p.get("dns_lookup_kdc", "true")))
	permitted := p.get("permitted_enctypes", encryption)
	for _, name := range []string{"default_tkt_enctypes", "default_tgs_enctypes", "permitted_enctypes"} {
		fmt.Fprintf(&b, "%s = %s\n", name, encryptionTypes(p.get(name, permitted)))
	}
	b.WriteString("[realms]\n")
	for _, realm := range p.order {
		fmt.Fprintf(&b, "%s = {\n", realm)
		for _, kdc := range p.realms[realm] {
			fmt.Fprintf(&b, "kdc = %s\n", kdc)
		}
		b.WriteString("}\n")
	}
	b.WriteString("[domain_realm]\n")
	for domain, realm := range p.domains {
		fmt.Fprintf(&b, "%s = %s\n", domain, realm)
	}
	defer func() { // gokrb5 does not check what it slices
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrConfig, r)
		}
	}()
	if c, err = config.NewFromString(b.String()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return c, nil
}

func (p *Profile) get(name, otherwise string) string {
	if v, ok := p.defaults[name]; ok {
		return v
	}
	return otherwise
}

// boolean gives MIT's words for true and false in gokrb5's.
func boolean(v string) string {
	switch strings.ToLower(v) {
	case "on":
		return "true"
	case "off", "nil":
		return "false"
	}
	return v
}
