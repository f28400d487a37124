package credentials

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	require.NoError(t, os.Chmod(path, 0o644))
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
