package kernel

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"unicode/utf16"
)

// digest is a hash of a text in hexadecimal digits.
func digest(make func() hash.Hash) entry {
	return entry{of: func(*site) (kernel, error) {
		h := make()
		return rows(func(f *frame) error { f.putDigest(h, f.text(0)); return nil }), nil
	}}
}

func (f *frame) putDigest(h hash.Hash, b []byte) {
	h.Reset()
	h.Write(b)
	var sum [64]byte
	f.scratch = hex.AppendEncode(f.scratch[:0], h.Sum(sum[:0]))
	f.putText(f.scratch)
}

var digestKernels = map[string]entry{
	"MD5": digest(md5.New), "SHA1": digest(sha1.New), "SHA224": digest(sha256.New224), "SHA256": digest(sha256.New),
	"SHA384": digest(sha512.New384), "SHA512": digest(sha512.New),
	"SHA2":        byRow(sha2),
	"TO_BASE64":   textOf(func(dst, s []byte) []byte { return base64.StdEncoding.AppendEncode(dst, s) }),
	"FROM_BASE64": byRow(fromBase64),
	"HEX":         {of: hexOf},
	"UNHEX":       byRow(unhex),
	"ENCODE":      byRow(encode),
	"DECODE":      byRow(decode),
	"HASH_CODE":   {of: hashCode},
}

// hashCode is Java's String.hashCode, over UTF-16.
func hashCode(s *site) (kernel, error) {
	if !s.args[0].IsCharacter() {
		return nil, nil
	}
	return rows(func(f *frame) error {
		h := int32(0)
		for _, u := range utf16.Encode([]rune(f.str(0))) {
			h = 31*h + int32(u)
		}
		f.putInt(int64(h))
		return nil
	}), nil
}

func sha2(f *frame) error {
	makers := map[int64]func() hash.Hash{224: sha256.New224, 256: sha256.New, 384: sha512.New384, 512: sha512.New}
	maker := makers[f.int(1)]
	if maker == nil {
		return fmt.Errorf("SHA2 has 224, 256, 384 or 512 bits, not %d", f.int(1))
	}
	f.putDigest(maker(), f.text(0))
	return nil
}

func fromBase64(f *frame) error {
	b := bytes.TrimRight(f.text(0), "=")
	out, err := base64.RawStdEncoding.AppendDecode(f.scratch[:0], b)
	if f.scratch = out; err != nil {
		return fmt.Errorf("FROM_BASE64: '%s' is not Base64: %w", f.text(0), err)
	}
	f.putText(out)
	return nil
}

func hexOf(s *site) (kernel, error) {
	if s.args[0].IsInteger() {
		return rows(func(f *frame) error {
			var b [8]byte
			n := uint64(f.int(0))
			for i := range b {
				b[7-i] = byte(n >> (8 * i))
			}
			digits := strings.TrimLeft(strings.ToUpper(hex.EncodeToString(b[:])), "0")
			if digits == "" {
				digits = "0"
			}
			f.putString(digits)
			return nil
		}), nil
	}
	return rows(func(f *frame) error {
		f.putText(bytes.ToUpper(hex.AppendEncode(nil, f.text(0))))
		return nil
	}), nil
}

// unhex drops the first of an odd number of digits, which becomes a byte 0, as in Flink.
func unhex(f *frame) error {
	s := f.text(0)
	if len(s)%2 == 1 {
		if _, err := hex.DecodeString("0" + string(s[0])); err != nil {
			f.putNull()
			return nil
		}
		s = append([]byte("00"), s[1:]...)
	}
	out, err := hex.AppendDecode(f.scratch[:0], s)
	if f.scratch = out; err != nil {
		f.putNull()
		return nil
	}
	f.putText(out)
	return nil
}

// encode gives the bytes of a text in a character set.
func encode(f *frame) error {
	s := f.str(0)
	switch name := strings.ToUpper(f.str(1)); name {
	case "UTF-8":
		f.putText(f.text(0))
	case "US-ASCII", "ISO-8859-1":
		limit := rune(0x7F)
		if name == "ISO-8859-1" {
			limit = 0xFF
		}
		f.scratch = f.scratch[:0]
		for _, r := range s {
			if r > limit {
				r = '?'
			}
			f.scratch = append(f.scratch, byte(r))
		}
		f.putText(f.scratch)
	case "UTF-16BE", "UTF-16LE", "UTF-16":
		f.scratch = f.scratch[:0]
		if name == "UTF-16" {
			f.scratch = append(f.scratch, 0xFE, 0xFF)
		}
		for _, u := range utf16.Encode([]rune(s)) {
			if name == "UTF-16LE" {
				f.scratch = append(f.scratch, byte(u), byte(u>>8))
			} else {
				f.scratch = append(f.scratch, byte(u>>8), byte(u))
			}
		}
		f.putText(f.scratch)
	default:
		return unknownCharset("ENCODE", name)
	}
	return nil
}

func unknownCharset(function, name string) error {
	return fmt.Errorf("%s does not know the character set '%s': there are US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE and UTF-16", function, name)
}

func decode(f *frame) error {
	b := f.text(0)
	switch name := strings.ToUpper(f.str(1)); name {
	case "UTF-8":
		f.putText(bytes.ToValidUTF8(b, []byte("\uFFFD")))
	case "US-ASCII", "ISO-8859-1":
		out := make([]rune, len(b))
		for i, c := range b {
			if out[i] = rune(c); c > 0x7F && name == "US-ASCII" {
				out[i] = '\uFFFD'
			}
		}
		f.putString(string(out))
	case "UTF-16BE", "UTF-16LE", "UTF-16":
		little := name == "UTF-16LE"
		if name == "UTF-16" && len(b) >= 2 && (b[0] == 0xFE && b[1] == 0xFF || b[0] == 0xFF && b[1] == 0xFE) {
			little = b[0] == 0xFF
			b = b[2:]
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			high, low := b[2*i], b[2*i+1]
			if little {
				high, low = low, high
			}
			units[i] = uint16(high)<<8 | uint16(low)
		}
		f.putString(string(utf16.Decode(units)))
	default:
		return unknownCharset("DECODE", name)
	}
	return nil
}
