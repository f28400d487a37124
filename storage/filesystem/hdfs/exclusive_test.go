package hdfs

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

// request builds a call as the library does.
func request(method string, argument []byte) []byte {
	header := protowire.AppendTag(nil, 3, protowire.VarintType)
	header = protowire.AppendVarint(header, 7)
	call := protowire.AppendTag(nil, 1, protowire.BytesType)
	call = protowire.AppendString(call, method)
	call = protowire.AppendTag(call, 3, protowire.VarintType)
	call = protowire.AppendVarint(call, 1)
	packet := make([]byte, 4)
	for _, m := range [][]byte{header, call, argument} {
		packet = protowire.AppendBytes(packet, m)
	}
	binary.BigEndian.PutUint32(packet, uint32(len(packet)-4))
	return packet
}

func renameArgument(from, to string, overwrite uint64) []byte {
	b := protowire.AppendTag(nil, 1, protowire.BytesType)
	b = protowire.AppendString(b, from)
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	b = protowire.AppendString(b, to)
	b = protowire.AppendTag(b, 3, protowire.VarintType)
	return protowire.AppendVarint(b, overwrite)
}

func TestExclusiveRenameClearsTheFlag(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.String().Draw(t, "from"), rapid.String().Draw(t, "to")
		in := request("rename2", renameArgument(from, to, 1))
		before := string(in)
		out, plain, err := exclusiveRename(in)
		require.NoError(t, err)
		require.True(t, plain)
		require.Equal(t, request("rename2", renameArgument(from, to, 0)), out)
		require.Equal(t, before, string(in), "the caller's bytes stay")
	})
}

func TestExclusiveRenameLeavesTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		packet []byte
		plain  bool
	}{
		"another call": {request("getFileInfo", renameArgument("/a", "/b", 1)), true},
		"handshake":    {[]byte("hrpc\x09\x00\x00"), false},
		"wrapped":      {append([]byte{0, 0, 0, 8}, "\x03abc\x03def"...), false},
		"torn":         {request("rename2", renameArgument("/a", "/b", 1))[:20], false},
		"empty":        {nil, false},
	} {
		out, plain, err := exclusiveRename(c.packet)
		require.NoError(t, err, name)
		require.Equal(t, c.plain, plain, name)
		require.Equal(t, c.packet, out, name)
	}
}

func TestExclusiveRenameNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		exclusiveRename(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)) // any answer will do
	})
}

func TestRenameWithoutFlagIsAnError(t *testing.T) {
	_, _, err := exclusiveRename(request("rename2", nil))
	require.ErrorIs(t, err, errNoOverwriteFlag)
}
