package sasl

import (
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// direction is the magic constants of RFC 2831 for the keys of one direction.
type direction struct{ sign, seal string }

var (
	clientToServer = direction{
		"Digest session key to client-to-server signing key magic constant",
		"Digest H(A1) to client-to-server sealing key magic constant"}
	serverToClient = direction{
		"Digest session key to server-to-client signing key magic constant",
		"Digest H(A1) to server-to-client sealing key magic constant"}
)

const (
	macLength    = 10
	digestSuffix = 6 // the version 00 01, and the sequence number
)

// digestLayer implements Layer.
type digestLayer struct {
	out, in    *digestHalf
	maxMessage int
}

// digestHalf is one direction.
type digestHalf struct {
	signKey []byte
	number  uint32
	stream  *rc4.Cipher      // rc4
	block   cipher.BlockMode // 3des; neither for integrity
}

func (s *digestSession) layer(out, in direction) (Layer, error) {
	if s.qop == Auth {
		return nil, nil
	}
	sender, err := s.half(out, cipher.NewCBCEncrypter)
	if err != nil {
		return nil, err
	}
	receiver, err := s.half(in, cipher.NewCBCDecrypter)
	if err != nil {
		return nil, err
	}
	overhead := macLength + digestSuffix + des.BlockSize
	return &digestLayer{out: sender, in: receiver, maxMessage: max(s.maxBuffer-overhead, 1)}, nil
}

func (s *digestSession) half(d direction, mode func(cipher.Block, []byte) cipher.BlockMode) (*digestHalf, error) {
	sign := md5.Sum(append(append([]byte{}, s.a1...), d.sign...))
	h := &digestHalf{signKey: sign[:]}
	if s.qop != AuthConf {
		return h, nil
	}
	length := map[string]int{"rc4": 16, "3des": 16, "rc4-56": 7, "rc4-40": 5}[s.cipher]
	if length == 0 {
		return nil, fmt.Errorf("%w: cipher %q", errChallenge, s.cipher)
	}
	seal := md5.Sum(append(append([]byte{}, s.a1[:length]...), d.seal...))
	var err error
	if s.cipher != "3des" {
		h.stream, err = rc4.NewCipher(seal[:])
		return h, err
	}
	key := append(desKey(seal[:7]), desKey(seal[7:14])...)
	block, err := des.NewTripleDESCipher(append(key, key[:8]...)) // two keys
	if err != nil {
		return nil, err
	}
	h.block = mode(block, seal[8:16])
	return h, nil
}

// desKey spreads 56 bits over 8 bytes, whose lowest bits DES does not use.
func desKey(b []byte) []byte {
	var bits uint64
	for _, v := range b {
		bits = bits<<8 | uint64(v)
	}
	out := make([]byte, 8)
	for i := range out {
		out[i] = byte(bits>>(49-7*i)) << 1
	}
	return out
}

func (h *digestHalf) mac(message []byte) []byte {
	m := hmac.New(md5.New, h.signKey)
	var number [4]byte
	binary.BigEndian.PutUint32(number[:], h.number)
	m.Write(number[:]) // never fails
	m.Write(message)
	return m.Sum(nil)[:macLength]
}

func (l *digestLayer) MaxMessage() int { return l.maxMessage }

func (l *digestLayer) Wrap(message []byte) ([]byte, error) {
	h := l.out
	body := make([]byte, 0, len(message)+macLength+des.BlockSize+digestSuffix)
	body = append(body, message...)
	if h.block != nil { // padding stands between the message and its MAC
		pad := des.BlockSize - (len(message)+macLength)%des.BlockSize
		for range pad {
			body = append(body, byte(pad))
		}
	}
	body = append(body, h.mac(message)...)
	switch {
	case h.stream != nil:
		h.stream.XORKeyStream(body, body)
	case h.block != nil:
		h.block.CryptBlocks(body, body)
	}
	body = append(body, 0, 1)
	body = binary.BigEndian.AppendUint32(body, h.number)
	h.number++
	return body, nil
}

func (l *digestLayer) Unwrap(token []byte) ([]byte, error) {
	h := l.in
	n := len(token) - digestSuffix
	if n < macLength || token[n] != 0 || token[n+1] != 1 || binary.BigEndian.Uint32(token[n+2:]) != h.number {
		return nil, ErrTampered
	}
	body := make([]byte, n)
	switch {
	case h.stream != nil:
		h.stream.XORKeyStream(body, token[:n])
	case h.block != nil:
		if n%des.BlockSize != 0 {
			return nil, ErrTampered
		}
		h.block.CryptBlocks(body, token[:n])
	default:
		copy(body, token[:n])
	}
	message, mac := body[:n-macLength], body[n-macLength:]
	if h.block != nil {
		if len(message) == 0 {
			return nil, ErrTampered
		}
		pad := int(message[len(message)-1])
		if pad == 0 || pad > des.BlockSize || pad > len(message) {
			return nil, ErrTampered
		}
		message = message[:len(message)-pad]
	}
	if subtle.ConstantTimeCompare(mac, h.mac(message)) != 1 {
		return nil, ErrTampered
	}
	h.number++
	return message, nil
}
