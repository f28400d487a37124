package sasl

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// RFC 2831, section 4.
func TestDigestOfTheRFC(t *testing.T) {
	s := newDigestSession("chris", "elwood.innosoft.com", "secret", "OA6MG9tEQGm2hh", "OA6MHXh6VqTrRk", "imap/elwood.innosoft.com", Auth)
	require.Equal(t, "d388dad90d4bbd760a152321f2143af7", s.response("AUTHENTICATE"))
	require.Equal(t, "ea40f60335c427b5527b84dbabcdfffd", s.response(""))
}

func digestLayers(t require.TestingT, qop QOP, ciphers ...string) (client, server Layer) {
	s := DigestServer{Realm: `a "b", c=d`, Offer: []QOP{qop}, Ciphers: ciphers, Password: func(id []byte) ([]byte, error) { return append(id, 'x'), nil }}
	c := NewDigest(DigestCredential{Identifier: []byte("id"), Password: []byte("idx"), URI: "/default"}, []QOP{AuthConf, AuthInt, Auth})
	answer, err := c.Next(s.Challenge())
	require.NoError(t, err)
	final, server, err := s.Accept(answer)
	require.NoError(t, err)
	client, err = c.Complete(final)
	require.NoError(t, err)
	return client, server
}

// gssLayers are both ends of an agreed GSSAPI context. The acceptor rotates its tokens, as other implementations do.
func gssLayers(t require.TestingT, etype int32, qop QOP) (client, server Layer) {
	e, err := crypto.GetEtype(etype)
	require.NoError(t, err)
	key := bytes.Repeat([]byte{5}, map[int32]int{17: 16, 18: 32, 19: 16, 20: 32, 23: 16}[etype])
	acceptor := &gssLayer{
		out: &gssHalf{etype: e, key: key, usage: usageAcceptorSeal, flags: flagAcceptor}, in: &gssHalf{etype: e, key: key, usage: usageInitiatorSeal},
		seal: qop == AuthConf, limit: 1000,
	}
	c := NewGSSAPI([]byte("request"), types.EncryptionKey{KeyType: etype, KeyValue: key}, []QOP{qop})
	request, err := c.Next(nil)
	require.NoError(t, err)
	require.Equal(t, "request", string(request))
	offer, err := acceptor.out.wrap([]byte{7, 1, 0, 0}, false)
	require.NoError(t, err)
	answer, err := c.Next(offer)
	require.NoError(t, err)
	chosen, err := acceptor.in.unwrap(answer)
	require.NoError(t, err)
	require.Equal(t, securityLayers[qop], chosen[0])
	client, err = c.Complete(nil)
	require.NoError(t, err)
	return client, acceptor
}

func TestLayers(t *testing.T) {
	type ends func(require.TestingT) (a, b Layer)
	cases := map[string]ends{}
	for _, name := range []string{"rc4", "3des", "rc4-56", "rc4-40"} {
		cases["digest "+name] = func(t require.TestingT) (Layer, Layer) { return digestLayers(t, AuthConf, name) }
	}
	cases["digest auth-int"] = func(t require.TestingT) (Layer, Layer) { return digestLayers(t, AuthInt) }
	for _, etype := range []int32{17, 18, 19, 20, 23} {
		for _, qop := range []QOP{AuthInt, AuthConf} {
			cases[fmt.Sprint("gssapi ", etype, " ", qop)] = func(t require.TestingT) (Layer, Layer) { return gssLayers(t, etype, qop) }
		}
	}
	for name, open := range cases {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				client, server := open(t)
				for _, pair := range [][2]Layer{{client, server}, {server, client}} {
					for range 3 {
						message := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "message")
						token, err := pair[0].Wrap(message)
						require.NoError(t, err)
						plain, err := pair[1].Unwrap(token)
						require.NoError(t, err)
						require.True(t, bytes.Equal(message, plain), "%x", plain)
					}
				}
				damage(t, client, server)
			})
		})
	}
}

// damage changes a message on its way.
func damage(t *rapid.T, from, to Layer) {
	token, err := from.Wrap([]byte("message"))
	require.NoError(t, err)
	if rapid.Bool().Draw(t, "cut") {
		token = token[:rapid.IntRange(0, len(token)-1).Draw(t, "length")]
	} else {
		token[rapid.IntRange(0, len(token)-1).Draw(t, "at")] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
	}
	plain, err := to.Unwrap(token)
	require.ErrorIs(t, err, ErrTampered, "%x", plain)
}

func TestRotatedToken(t *testing.T) {
	client, server := gssLayers(t, 18, AuthConf)
	token, err := server.Wrap([]byte("message"))
	require.NoError(t, err)
	body := token[wrapHeader:]
	token = append(append(bytes.Clone(token[:wrapHeader]), body[len(body)-28:]...), body[:len(body)-28]...)
	token[7] = 28
	plain, err := client.Unwrap(token)
	require.NoError(t, err)
	require.Equal(t, "message", string(plain))
}

func TestReplayIsRefused(t *testing.T) {
	client, server := gssLayers(t, 20, AuthInt)
	token, err := server.Wrap([]byte("m"))
	require.NoError(t, err)
	_, err = client.Unwrap(token)
	require.NoError(t, err)
	_, err = client.Unwrap(token)
	require.ErrorIs(t, err, ErrTampered)
}

func TestProtections(t *testing.T) {
	got, err := Protections(" privacy, Integrity ,authentication")
	require.NoError(t, err)
	require.Equal(t, []QOP{AuthConf, AuthInt, Auth}, got)
	got, err = Protections("")
	require.NoError(t, err)
	require.Equal(t, []QOP{Auth}, got)
	_, err = Protections("secret")
	require.ErrorContains(t, err, `unknown protection "secret"`)
}

func TestServerMustProveItself(t *testing.T) {
	s := DigestServer{Offer: []QOP{Auth}, Password: func([]byte) ([]byte, error) { return []byte("p"), nil }}
	c := NewDigest(DigestCredential{Identifier: []byte("id"), Password: []byte("p"), URI: "/x"}, []QOP{Auth})
	_, err := c.Next(s.Challenge())
	require.NoError(t, err)
	_, err = c.Complete([]byte("rspauth=" + hex.EncodeToString(make([]byte, 16))))
	require.ErrorIs(t, err, errServerProof)
}

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{
		`realm="default",nonce="a,b/+=",qop="auth,auth-int,auth-conf",charset=utf-8,cipher="3des,rc4,des,rc4-56,rc4-40",algorithm=md5-sess`,
		`realm="a\"b" , nonce=x,algorithm=md5-sess,maxbuf=65536`, `nonce="`, `nonce="\`, `a=b"c",`, `,,=`, `rspauth=00`, `nonce="x"y,algorithm=md5-sess`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := NewDigest(DigestCredential{URI: "/default"}, []QOP{AuthConf, AuthInt, Auth})
		answer, err := c.Next(data)
		if err != nil {
			return
		}
		d, err := parseDirectives(answer)
		require.NoError(t, err)
		asked, err := parseChallenge(data)
		require.NoError(t, err)
		require.Equal(t, asked.nonce, d["nonce"])
		require.Equal(t, asked.realm, d["realm"])
		c.Complete(data) // an error or not
	})
}

func FuzzUnwrap(f *testing.F) {
	client, server := gssLayers(f, 18, AuthConf)
	token, err := server.Wrap([]byte("message"))
	require.NoError(f, err)
	f.Add(token)
	f.Add(token[:16])
	f.Fuzz(func(t *testing.T, data []byte) {
		client.Unwrap(data) // an error or not
		in := client.(*gssLayer).in
		in.begun = false
	})
}
