package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
)

var exchangeTLS = benchmark{name: "exchange-tls", unit: "MiB", about: "rows of 256 bytes between two processes, in the clear and encrypted",
	cases: []benchCase{{name: "leat", run: twoProcesses(wideReceive, wideSend)},
		{name: "leat-tls", run: twoProcesses(encryptedReceive, encryptedSend), target: "half of base per second"}}}

// encryption is what both ends of worker's connections use; nil for none.
var encryption *tls.Config

func encryptedReceive(l net.Listener) (_ int64, err error) {
	if encryption, err = temporaryTLS(); err != nil {
		return 0, err
	}
	return wideReceive(l)
}

func encryptedSend(address string) (err error) {
	if encryption, err = temporaryTLS(); err != nil {
		return err
	}
	return wideSend(address)
}

// temporaryTLS encrypts as a cluster does, with a certificate that nobody checks.
func temporaryTLS() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, InsecureSkipVerify: true}, err
}
