package hdfs

import (
	"bytes"
	"encoding/binary"
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

var errNoOverwriteFlag = errors.New("a rename request without overwrite flag: the hdfs library has changed its protocol")

// exclusiveRename returns a request to the NameNode unchanged, except that in a rename2 it clears overwriteDest, so that the
// NameNode refuses an existing target. The library always sets that flag and has no other call. plain tells whether this
// could be looked at: Kerberos may sign or encrypt requests.
//
// A request is one write: a length of 4 bytes, then RpcRequestHeaderProto, RequestHeaderProto (methodName = 1) and the
// argument, here Rename2RequestProto (overwriteDest = 3), each after its length as a varint. (Hadoop: ProtobufRpcEngine.proto,
// ClientNamenodeProtocol.proto.)
func exclusiveRename(packet []byte) (out []byte, plain bool, err error) {
	messages, ok := splitRequest(packet)
	if !ok {
		return packet, false, nil
	}
	header, argument := messages[1], messages[2]
	method, ok := field(header.in(packet), 1)
	if !ok {
		return packet, false, nil
	}
	if name, n := protowire.ConsumeBytes(header.in(packet)[method:]); n < 0 || string(name) != "rename2" {
		return packet, n >= 0, nil
	}
	flag, ok := field(argument.in(packet), 3)
	if !ok {
		return nil, true, errNoOverwriteFlag
	}
	out = bytes.Clone(packet)
	out[argument.begin+flag] = 0
	return out, true, nil
}

type span struct{ begin, end int }

func (s span) in(b []byte) []byte { return b[s.begin:s.end] }

// splitRequest finds the three messages of a call. Handshakes and wrapped requests have another shape.
func splitRequest(packet []byte) (messages [3]span, ok bool) {
	if len(packet) < 4 || uint64(binary.BigEndian.Uint32(packet)) != uint64(len(packet)-4) {
		return messages, false
	}
	at := 4
	for i := range messages {
		length, n := protowire.ConsumeVarint(packet[at:])
		if n < 0 || length > uint64(len(packet)-at-n) {
			return messages, false
		}
		messages[i] = span{at + n, at + n + int(length)}
		at = messages[i].end
	}
	return messages, at == len(packet)
}

// field returns where the value of a field begins.
func field(message []byte, number protowire.Number) (at int, ok bool) {
	for at < len(message) {
		num, kind, n := protowire.ConsumeTag(message[at:])
		if n < 0 {
			return 0, false
		}
		at += n
		if num == number {
			return at, true
		}
		n = protowire.ConsumeFieldValue(num, kind, message[at:])
		if n < 0 {
			return 0, false
		}
		at += n
	}
	return 0, false
}
