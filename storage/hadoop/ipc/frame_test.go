package ipc

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/storage/hadoop/wire"
)

// FuzzFrame reads what a server may send: it is an answer or an error, within bounds.
func FuzzFrame(f *testing.F) {
	header := &wire.RpcResponseHeader{CallId: proto.Uint32(1), Status: wire.RpcResponseHeader_SUCCESS.Enum()}
	whole, err := marshalFrame(header, &wire.GetFileInfoRequest{Src: proto.String("/a")})
	if err != nil {
		f.Fatal(err)
	}
	header.Status, header.ErrorMsg = wire.RpcResponseHeader_FATAL.Enum(), proto.String("x\ny")
	refused, err := marshalFrame(header)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{whole, refused, whole[:7], append(bytes.Clone(whole), whole...), []byte("HTTP/1.1 400"), {255, 255, 255, 255}, {0, 0, 0, 0}, {0, 0, 0, 1, 255}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		for {
			frame, err := readFrame(r, maxFrame)
			if err != nil {
				return
			}
			if len(frame) > len(data) {
				t.Fatal("more than there was")
			}
			header, _, err := parseResponse(frame)
			if err == nil && header.GetStatus() != wire.RpcResponseHeader_SUCCESS && newException(header, "s").Error() == "" {
				t.Fatal("an exception without text")
			}
			if m, err := parseSasl(frame, "s"); err == nil && m == nil {
				t.Fatal("neither message nor error")
			}
		}
	})
}
