package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

// TestSite runs testdata/site: "file NAME" writes a site file, "load" prints what all say, "namenodes AUTHORITY" resolves.
func TestSite(t *testing.T) {
	for _, name := range []string{"HADOOP_HOME", "YARN_CONF_DIR", "HADOOP_CONF_DIR"} {
		t.Setenv(name, "")
	}
	t.Setenv("LEAT_SITE", "from-env")
	t.Setenv("LEAT_EMPTY", "")
	dir := ""
	datadriven.RunTest(t, "testdata/site", func(t *testing.T, d *datadriven.TestData) string {
		if dir == "" {
			dir = t.TempDir()
		}
		switch d.Cmd {
		case "new":
			dir = t.TempDir()
			return ""
		case "file":
			path := filepath.Join(dir, d.CmdArgs[0].Key)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(d.Input), 0o600))
			return ""
		}
		overrides := map[string]string{}
		for _, a := range d.CmdArgs {
			if len(a.Vals) > 0 {
				overrides[a.Key] = a.Vals[0]
			}
		}
		c, err := Load(dir, overrides)
		if err != nil {
			require.ErrorIs(t, err, ErrConfiguration)
			return strings.ReplaceAll(err.Error(), dir, "DIR") + "\n"
		}
		if d.Cmd == "namenodes" {
			authority := ""
			if len(d.CmdArgs) > 0 && len(d.CmdArgs[0].Vals) == 0 {
				authority = d.CmdArgs[0].Key
			}
			s, err := c.NameNodes(authority)
			if err != nil {
				require.ErrorIs(t, err, ErrConfiguration)
				return err.Error() + "\n"
			}
			return fmt.Sprintf("%s %v logical=%v\n", s.Name, s.Addresses, s.Logical)
		}
		var lines []string
		for k, v := range c {
			lines = append(lines, k+" = "+v+"\n")
		}
		slices.Sort(lines)
		return strings.Join(lines, "")
	})
}

func TestDirectories(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.MkdirAll(home+"/etc/hadoop", 0o700))
	require.NoError(t, os.WriteFile(home+"/etc/hadoop/core-site.xml", []byte("<configuration><property><name>a</name><value>home</value></property></configuration>"), 0o600))
	t.Setenv("HADOOP_HOME", home)
	t.Setenv("HADOOP_CONF_DIR", t.TempDir()) // has nothing
	t.Setenv("YARN_CONF_DIR", "")
	c, err := Load("", nil)
	require.NoError(t, err)
	require.Equal(t, "home", c["a"])
	c, err = Load(filepath.Join(home, "nowhere"), map[string]string{"b": "${a}"})
	require.NoError(t, err)
	require.Equal(t, Conf{"b": "${a}"}, c)
}

func TestValues(t *testing.T) {
	c := Conf{"ms": "1500", "unit": "30s", "bad": "x", "list": " a, b,,c ", "yes": "TRUE", "empty": " ", "hadoop.security.authentication": "Kerberos"}
	for name, want := range map[string]time.Duration{"ms": 1500 * time.Millisecond, "unit": 30 * time.Second, "none": time.Minute, "empty": time.Minute} {
		got, err := c.Milliseconds(name, time.Minute)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := c.Milliseconds("bad", 0)
	require.ErrorIs(t, err, ErrConfiguration)
	require.Equal(t, []string{"a", "b", "c"}, c.List("list"))
	require.True(t, c.Bool("yes", false))
	require.True(t, c.Bool("ms", true))
	require.True(t, c.Kerberos())
	require.Equal(t, "o", c.Get("empty", "o"))
}

func TestBytes(t *testing.T) {
	c := Conf{"plain": "1048576", "k": "64k", "m": "128M", "t": " 1t ", "bad": "1x", "zero": "0", "much": "9999999999g"}
	for name, want := range map[string]int64{"plain": 1 << 20, "k": 64 << 10, "m": 128 << 20, "t": 1 << 40, "none": 7} {
		got, err := c.Bytes(name, 7)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"bad", "zero", "much"} {
		_, err := c.Bytes(name, 7)
		require.ErrorIs(t, err, ErrConfiguration)
	}
}

func FuzzSite(f *testing.F) {
	for _, seed := range []string{
		"<configuration><property><name>a</name><value>${b}${a}</value><final>true</final></property></configuration>",
		`<configuration xmlns:xi="x"><xi:include href="none.xml"><xi:fallback><property name="a" value="b"/></xi:fallback></xi:include></configuration>`,
		"<configuration>", "<a/>", "", "<configuration><property><name>a</name><value>${${b}}${env.X:-y}</value></property></configuration>",
		"<configuration><configuration/></configuration>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := site{values: map[string]string{}, final: map[string]bool{}}
		if err := s.parse(strings.NewReader(text), "/nowhere", maxIncludes); err != nil {
			return
		}
		c := resolve(s.values, func(string) (string, bool) { return "", false })
		require.Len(t, c, len(s.values))
	})
}

func TestResourceManagers(t *testing.T) {
	ha := Conf{"yarn.resourcemanager.ha.enabled": "true", "yarn.resourcemanager.ha.rm-ids": "a, b", "yarn.resourcemanager.hostname.a": "h1",
		"yarn.resourcemanager.hostname.b": "h2", "yarn.resourcemanager.address.b": "h2:9032", "yarn.resourcemanager.address": "0.0.0.0:8032"}
	for _, tc := range []struct {
		conf Conf
		port YARNPort
		want []string
		err  string
	}{
		{Conf{"yarn.resourcemanager.hostname": "h"}, ClientPort, []string{"h:8032"}, ""},
		{Conf{"yarn.resourcemanager.hostname": "h"}, SchedulerPort, []string{"h:8030"}, ""},
		{Conf{"yarn.resourcemanager.hostname": "h", "yarn.resourcemanager.address": "k:1"}, ClientPort, []string{"k:1"}, ""},
		{Conf{"yarn.resourcemanager.address": "::1"}, ClientPort, []string{"[::1]:8032"}, ""},
		{ha, ClientPort, []string{"h1:8032", "h2:9032"}, ""},
		{ha, SchedulerPort, []string{"h1:8030", "h2:8030"}, ""},
		{Conf{}, ClientPort, nil, "yarn-site.xml has yarn.resourcemanager.hostname or yarn.resourcemanager.address"},
		{Conf{"yarn.resourcemanager.hostname": "0.0.0.0"}, ClientPort, nil, "no ResourceManager is named"},
		{Conf{"yarn.resourcemanager.ha.enabled": "true"}, ClientPort, nil, "rm-ids is not set"},
		{Conf{"yarn.resourcemanager.ha.enabled": "true", "yarn.resourcemanager.ha.rm-ids": "a"}, ClientPort, nil, "yarn.resourcemanager.hostname.a or yarn.resourcemanager.address.a"},
	} {
		got, err := tc.conf.ResourceManagers(tc.port)
		if tc.err != "" {
			require.ErrorContains(t, err, tc.err)
			require.ErrorIs(t, err, ErrConfiguration)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, tc.want, got)
	}
}

func TestSiteForOthers(t *testing.T) {
	c := Conf{"a": "1 < 2 & \"3\"", "b": "", "c.password": "x", "d.secret.file": "y"}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "core-site.xml"), c.Site(), 0o600))
	again, err := Load(dir, nil)
	require.NoError(t, err)
	require.Equal(t, Conf{"a": c["a"], "b": ""}, again)
}
