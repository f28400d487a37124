package krb5

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/stretchr/testify/require"
)

// TestProfile runs testdata/profile: "file NAME" writes a file, "load" reads krb5.conf and what it includes, "cache" finds
// the ticket cache.
func TestProfile(t *testing.T) {
	t.Setenv("KRB5CCNAME", "")
	dir := t.TempDir()
	clean := func(s string) string {
		s = strings.ReplaceAll(s, dir, "ROOT")
		return strings.ReplaceAll(s, fmt.Sprint("krb5cc_", os.Getuid()), "krb5cc_UID") + "\n"
	}
	datadriven.RunTest(t, "testdata/profile", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "file":
			path := filepath.Join(dir, d.CmdArgs[0].Key)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(d.Input, "ROOT", dir)), 0o600))
			return ""
		case "remove":
			require.NoError(t, os.Remove(filepath.Join(dir, d.CmdArgs[0].Key)))
			return ""
		}
		p, err := LoadProfile(dir + "/none.conf:" + dir + "/krb5.conf")
		if err != nil {
			require.ErrorIs(t, err, ErrConfig)
			return clean(err.Error())
		}
		if d.Cmd == "cache" {
			name := ""
			if len(d.CmdArgs) > 0 {
				name = strings.ReplaceAll(d.CmdArgs[0].Key, "ROOT", dir)
			}
			file, err := p.cacheFile(name)
			if err != nil {
				require.ErrorIs(t, err, ErrCache)
				return clean(err.Error())
			}
			return clean(file)
		}
		c, err := p.config()
		if err != nil {
			return clean(err.Error())
		}
		out := fmt.Sprintf("default %q, KDCs by DNS %v, TCP only %v, tickets for %s\n", c.LibDefaults.DefaultRealm, c.LibDefaults.DNSLookupKDC,
			c.LibDefaults.UDPPreferenceLimit == 1, c.LibDefaults.TicketLifetime)
		out += fmt.Sprintln("encryption", c.LibDefaults.DefaultTktEnctypeIDs, c.LibDefaults.DefaultTGSEnctypeIDs)
		for _, r := range c.Realms {
			out += fmt.Sprintln(r.Realm, r.KDC)
		}
		var domains []string
		for domain, realm := range c.DomainRealm {
			domains = append(domains, domain+" is in "+realm+"\n")
		}
		slices.Sort(domains)
		return out + strings.Join(domains, "")
	})
}

func TestNoProfile(t *testing.T) {
	t.Setenv("KRB5_CONFIG", "/nowhere/krb5.conf")
	_, err := LoadProfile("")
	require.EqualError(t, err, "krb5.conf: there is no /nowhere/krb5.conf; set KRB5_CONFIG to the file of the cluster")
}

func TestServerPrincipal(t *testing.T) {
	for _, tc := range []struct{ pattern, host, offered, want string }{
		{"nn/_HOST@R", "NN1.example.com", "nn/nn1.example.com", "nn/nn1.example.com@R"},
		{"nn/_HOST", "nn1.example.com", "nn/nn1.example.com", "nn/nn1.example.com"},
		{"nn/_HOST@R", "192.0.2.1", "nn/evil.example.com", ""},
		{"nn/_HOST@R", "nn1.example.com", "http/nn1.example.com", ""},
		{"nn/fixed@R", "whatever", "nn/fixed", "nn/fixed@R"},
		{"nn/*@R", "whatever", "nn/any.host", "nn/any.host@R"},
		{"nn/*@*", "whatever", "nn/any.host", "nn/any.host"},
		{"nn/*.example.com@R", "whatever", "nn/a.example.org", ""},
		{"", "host", "nn/host", ""},
		{"nn/[@R", "host", "nn/host", ""},
	} {
		got, err := ServerPrincipal(t.Context(), tc.pattern, tc.host, tc.offered)
		require.Equal(t, tc.want, got, "%+v", tc)
		require.Equal(t, tc.want == "", err != nil, "%+v", tc)
	}
}

func TestEncryptionTypes(t *testing.T) {
	require.Equal(t, "a b "+encryption, encryptionTypes("a, b DEFAULT"))
	for name := range strings.FieldsSeq(encryption) {
		require.NotZero(t, etypeID.EtypeSupported(name), name)
	}
}

func TestBrokenCaches(t *testing.T) {
	config := filepath.Join(t.TempDir(), "krb5.conf")
	require.NoError(t, os.WriteFile(config, []byte("[libdefaults]\ndefault_realm = R\n[realms]\nR = {\nkdc = localhost:1\n}\n"), 0o600))
	for content, want := range map[string]string{"": "the file is empty", "\x05\x04": "ticket", "\x05\x04\x00\x00\xff\xff\xff\xff": "ticket", "xxxx": "First byte"} {
		cache := filepath.Join(t.TempDir(), "cache")
		require.NoError(t, os.WriteFile(cache, []byte(content), 0o600))
		_, err := Open(Options{Cache: "FILE:" + cache, Config: config})
		require.ErrorIs(t, err, ErrCache, "%q", content)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "run kinit")
		_, err = Open(Options{Keytab: cache, Principal: "a@R", Config: config})
		require.ErrorContains(t, err, "cannot be read")
	}
	_, err := Open(Options{Cache: "FILE:/nowhere", Config: config})
	require.ErrorContains(t, err, "there is no ticket: stat /nowhere: no such file or directory; run kinit")
	require.NotErrorIs(t, err, os.ErrNotExist)
	_, err = Open(Options{Keytab: "/nowhere", Principal: "a@R", Config: config})
	require.ErrorContains(t, err, "keytab /nowhere cannot be read")
	require.NotErrorIs(t, err, os.ErrNotExist)
	_, err = Open(Options{Keytab: "/nowhere", Config: config})
	require.ErrorContains(t, err, "write name@REALM")
}

func FuzzProfile(f *testing.F) {
	for _, seed := range []string{
		"[libdefaults]\n default_realm = R\n permitted_enctypes = aes256-cts\n[realms]\nR = {\n kdc = a:88\n nested = {\n x = y\n }\n}\n[domain_realm]\n.a = R\n",
		"include /nowhere\n", "includedir /nowhere\n", "[realms]\nR = {\n}\n}\n", "[realms]\n{\n}\n", "[", "a", "[libdefaults]\nticket_lifetime = x\n", "[realms]*\nR = {\n kdc = \"a\n}*\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := newProfile()
		if err := p.parse(strings.NewReader(text), maxIncludes); err == nil {
			p.config() // an error or not
		}
	})
}

func FuzzCache(f *testing.F) {
	f.Add([]byte("\x05\x04\x00\x0c\x00\x01\x00\x08\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := parseCache(data); err == nil && c.granting == nil {
			t.Fatal("neither ticket nor error")
		}
	})
}
