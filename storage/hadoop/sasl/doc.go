// Package sasl is the two SASL mechanisms of Hadoop: DIGEST-MD5 (RFC 2831) for tokens and GSSAPI (RFC 4752) for Kerberos,
// with their protection layers.
//
// A handshake is a Client: Next answers the server's challenges, Complete checks the server's last message and returns the
// Layer that wraps all further bytes, or nil if none was agreed on. Clients and layers are used by one goroutine in each
// direction: Wrap and Unwrap may run at the same time, neither with itself.
//
// DIGEST-MD5 proves to both sides that they know the password of a token. Its privacy is RC4, or 3DES, with MD5: that is
// what Hadoop calls privacy wherever tokens are used, and it is weak. GSSAPI protects by the ciphers of the Kerberos ticket,
// AES with SHA-1 (RFC 3962) or SHA-2 (RFC 8009), in tokens of RFC 4121.
//
// Start reading at Client.
package sasl
