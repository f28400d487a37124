package credentials

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sample() *Credentials {
	c := &Credentials{Secrets: []Secret{{"key", []byte{1, 2, 3}}}}
	c.Add("ha-hdfs:a", &Token{Identifier: []byte("id"), Password: bytes.Repeat([]byte{7}, 300), Kind: KindHDFS, Service: "ha-hdfs:a"})
	c.Add("10.0.0.1:8020", &Token{Identifier: []byte{}, Password: []byte{9}, Kind: KindHDFS, Service: "10.0.0.1:8020"})
	c.Add("", &Token{Identifier: []byte("am"), Password: []byte("p"), Kind: KindAMRM})
	return c
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	got, err := Parse(want.Marshal())
	require.NoError(t, err)
	require.Equal(t, want, got)
	encoded, err := want.MarshalProto()
	require.NoError(t, err)
	got, err = Parse(encoded)
	require.NoError(t, err)
	require.Equal(t, want, got)

	path := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, want.Save(path))
	got, err = Load(path)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestWhoMayRead(t *testing.T) {
	dir := t.TempDir()
	path, above := filepath.Join(dir, "tokens"), filepath.Dir(dir)
	require.NoError(t, sample().Save(path))
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, os.Chmod(above, 0o750))
	_, err := Load(path)
	require.NoError(t, err, "the folder above is closed, as that of YARN's containers")
	require.NoError(t, os.Chmod(above, 0o755))
	if open, err := openToOthers(filepath.Dir(above)); err != nil || !open {
		t.Skip("the folder of temporary files is closed to others")
	}
	_, err = Load(path)
	require.ErrorContains(t, err, "chmod 600")
}

func TestFind(t *testing.T) {
	c := sample()
	require.Equal(t, "am", string(c.Find(KindAMRM, "whatever").Identifier))
	require.Equal(t, "id", string(c.Find(KindHDFS, "10.9.9.9:1", "HA-HDFS:A").Identifier))
	require.Nil(t, c.Find(KindHDFS), "there are two")
	require.Nil(t, c.Find(KindHDFS, "elsewhere"))
	require.Nil(t, c.Find(KindNodeManager))
	c.Add("", &Token{Kind: KindNodeManager})
	require.Nil(t, c.Find(KindAMRM), "the alias was taken over")
	require.NotContains(t, c.Tokens[0].Token.String(), "id ")
}

func TestEncoding(t *testing.T) {
	require.Equal(t, "48445453000000", hex.EncodeToString((&Credentials{}).Marshal()), "an empty file has 7 bytes")
	for _, n := range []int64{0, 1, 127, 128, 255, 256, 65535, 1 << 40} {
		r := reader{rest: appendVLong(nil, n)}
		require.Equal(t, n, r.vlong())
		require.Empty(t, r.rest)
	}
	negative := reader{rest: []byte{0x87, 0x80}} // -129 by WritableUtils
	require.Equal(t, int64(-129), negative.vlong())
}

func TestDamage(t *testing.T) {
	whole := sample().Marshal()
	for n := range len(whole) {
		_, err := Parse(whole[:n])
		require.ErrorIs(t, err, ErrFormat, "%d bytes", n)
	}
	_, err := Parse([]byte("HDTS\x02"))
	require.ErrorContains(t, err, "version 2")
	_, err = Parse([]byte("HDTS\x00\x8f\x7f\xff\xff\xff\xff\xff\xff\xff"))
	require.ErrorContains(t, err, "entries in")
	_, err = Load(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzParse(f *testing.F) {
	encoded, err := sample().MarshalProto()
	require.NoError(f, err)
	for _, seed := range [][]byte{sample().Marshal(), encoded, []byte("HDTS"), []byte("HDTS\x00\x00\x00"), []byte("HDTS\x01\xff"), []byte(strings.Repeat("HDTS\x00", 9))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(c.Marshal())
		require.NoError(t, err)
		require.Equal(t, len(c.Tokens), len(again.Tokens))
		require.Equal(t, c.Marshal(), again.Marshal())
	})
}

// The identifier is one of a NameNode of Hadoop 3: alice, yarn/localhost, nobody, and a week between the times.
func TestLifetime(t *testing.T) {
	identifier := []byte("\x00\x05alice\x04yarn\x00")
	identifier = append(identifier, 0x8a, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, 0x8a, 0x01, 0x8b, 0xf3, 0xf1, 0xec, 0x00, 1, 2)
	token := &Token{Kind: KindHDFS, Identifier: identifier}
	issued, end, ok := token.Lifetime()
	require.True(t, ok)
	require.Equal(t, 7*24*time.Hour, end.Sub(issued))
	for n := range len(identifier) - 2 {
		token.Identifier = identifier[:n]
		_, _, ok := token.Lifetime()
		require.False(t, ok, n)
	}
	token.Kind = KindResourceManager
	_, _, ok = token.Lifetime()
	require.False(t, ok)
}
