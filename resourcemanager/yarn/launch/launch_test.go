package launch_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

func TestContext(t *testing.T) {
	tokens := &credentials.Credentials{}
	tokens.Add("a", &credentials.Token{Kind: "k"})
	l := launch.Launch{
		Files: map[string]launch.File{
			"leat": {Path: "hdfs://nn:8020/apps/leat+1 a", Size: 5, ModTime: time.UnixMilli(1732190000123), Visibility: launch.Public},
			"data": {Path: "hdfs://service/x.zip", Archive: true, Visibility: launch.Application},
		},
		Environment: map[string]string{"A": "b"}, Command: []string{"./leat", "taskmanager", "-D", "a.b=c"}, Credentials: tokens, View: "*", Modify: "u g",
	}
	c, err := l.Context()
	require.NoError(t, err)
	require.Equal(t, []string{"exec ./leat taskmanager -D a.b=c 1><LOG_DIR>/stdout 2><LOG_DIR>/stderr"}, c.GetCommand())
	data, leat := c.GetLocalResources()[0], c.GetLocalResources()[1]
	require.Equal(t, "leat", leat.GetKey())
	where := leat.GetValue().GetResource()
	require.Equal(t, []any{"hdfs", "nn", int32(8020), "/apps/leat+1 a"}, []any{where.GetScheme(), where.GetHost(), where.GetPort(), where.GetFile()})
	require.Equal(t, int64(1732190000123), leat.GetValue().GetTimestamp())
	require.Equal(t, wire.LocalResourceType_ARCHIVE, data.GetValue().GetType())
	require.Nil(t, data.GetValue().GetResource().Port, "a name service has no port")
	again, err := credentials.Parse(c.GetTokens())
	require.NoError(t, err)
	require.Len(t, again.Tokens, 1)
	require.Len(t, c.GetApplicationAcls(), 2)
	require.Equal(t, "u g", c.GetApplicationAcls()[1].GetAcl())
}

func TestWrongLaunches(t *testing.T) {
	for want, l := range map[string]launch.Launch{
		"a shell would read it":             {Command: []string{"./leat", "a b"}},
		`"" cannot be a word`:               {Command: []string{""}},
		`"A-B" cannot be the name`:          {Environment: map[string]string{"A-B": ""}},
		"has a zero byte":                   {Environment: map[string]string{"A": "\x00"}},
		"is on no file system":              {Files: map[string]launch.File{"leat": {Path: "/usr/bin/leat"}}},
		"file b of a container: empty path": {Files: map[string]launch.File{"b": {}}},
		"port of hdfs://nn:x":               {Files: map[string]launch.File{"b": {Path: "hdfs://nn:x/b"}}},
	} {
		_, err := l.Context()
		require.ErrorContains(t, err, want)
	}
}

// A NodeManager replaces its marks and writes a value between double quotes into a script.
func TestAnyValueArrives(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	marks := strings.NewReplacer("{{", "$", "}}", "", "<CPS>", ":", "<LOG_DIR>", "/logs")
	piece := rapid.SampledFrom([]string{"{{", "}}", "{", "<", "<CPS>", "<LOG_DIR>", "$HOME", "`", "\\", `"`, "'", "\n", "a", " ", "!", "*", "~", "\u00e9"})
	value := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "") })
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(value, 100, 100).Draw(t, "values")
		var script strings.Builder
		for _, v := range values {
			c, err := (&launch.Launch{Environment: map[string]string{"X": v}}).Context()
			require.NoError(t, err)
			fmt.Fprintf(&script, "export X=\"%s\"\nprintf '%%s\\0' \"$X\"\n", marks.Replace(c.GetEnvironment()[0].GetValue()))
		}
		out, err := exec.Command(bash, "-c", script.String()).Output()
		require.NoError(t, err)
		require.Equal(t, strings.Join(values, "\x00")+"\x00", string(out))
	})
}
