// Package security makes the connections of a cluster private: certificates from files, TLS made of them, and what the members of
// a cluster prove to each other before they speak.
//
//	Certificates  a certificate, its key and whom to trust, from PEM or PKCS#12 files that are read again when they change
//	Peers         the handshake of control and Raft connections: TLS, then a proof of the cluster's secret bound to it
//	Beside        a listener for another protocol over the port of a gRPC server, as Raft's is over that of the control protocol
//	Internal, RestServer, RestClient  the same from the keys security.ssl.*
//
// Between the members of a cluster:
//
//	security.ssl.internal.enabled  secret  control, programs, Raft                         rows between workers
//	yes                            any     mutual TLS; the secret is proved in it too      preamble, then mutual TLS
//	no                             yes     TLS with a certificate made at start; both      preamble with a proof of the
//	                                       ends prove the secret, bound to this TLS        job's token, then in the clear
//	no                             no      in the clear, on the loopback interface only    the same
//
// The secret itself is never sent, and whoever sits in between gets nothing out of a proof.
//
// Promises: TLS 1.3 between members, at least 1.2 for REST. Between members trust is having a certificate of the authority in the
// truststore, whatever its names, as in Flink; clients of REST check the name too. A file that changes counts from the next
// connection on; while it cannot be read the last good one does. Errors name the key to set, and never what a file holds.
//
// Start reading at Certificates, then Peers.
package security
