package config

import "strings"

// Options of who may do what, as whom, and of who can read along.
var (
	SecretFile = declare(sectionSecurity, text, "cluster.secret-file", "",
		"File with the cluster's secret, which only its owner may read (mode 0600). All processes and clients of a cluster need it. "+
			"Without one, or mutual TLS, servers listen on the loopback interface only.",
		defaultText("the file secret beside config.yaml, if it is there"))

	TLS = declare(sectionSecurity, boolean, "security.ssl.enabled", false,
		"Default of security.ssl.internal.enabled and security.ssl.rest.enabled.")

	TLSProtocol = declare(sectionSecurity, enum("TLSv1.2", "TLSv1.3"), "security.ssl.protocol", "TLSv1.2",
		"Least version of TLS for REST. The processes of a cluster always speak TLSv1.3 to each other.")

	TLSVerifyHostname = declare(sectionSecurity, boolean, "security.ssl.verify-hostname", true,
		"Clients of REST demand that its certificate has the name or address that they connect to.")

	KerberosKeytab = declare(sectionSecurity, text, "security.kerberos.login.keytab", "",
		"Keytab of the principal, for HDFS secured by Kerberos. A delegation token in HADOOP_TOKEN_FILE_LOCATION needs none.")

	KerberosPrincipal = declare(sectionSecurity, text, "security.kerberos.login.principal", "",
		"Principal to log in as.")

	KerberosTicketCache = declare(sectionSecurity, boolean, "security.kerberos.login.use-ticket-cache", true,
		"Use what kinit got (the variable KRB5CCNAME) when there is no keytab.")

	KerberosConfig = declare(sectionSecurity, text, "security.kerberos.krb5-conf.path", "",
		"The file krb5.conf.", defaultText("the variable KRB5_CONFIG, else /etc/krb5.conf"))
)

// Stores are the options of whose certificates a process shows and trusts.
type Stores struct {
	Keystore, KeystorePassword, Key, Truststore, TruststorePassword Option[string]
}

// Options of TLS: of all, between the processes of a cluster, and of REST.
var (
	TLSStores = declareStores("security.ssl.", "", "")

	InternalTLS = declare(sectionSecurity, boolean, "security.ssl.internal.enabled", false,
		"Mutual TLS between the processes of a cluster.", defaultText("security.ssl.enabled"))
	InternalStores       = declareStores("security.ssl.internal.", " Of the processes of a cluster.", "security.ssl.")
	InternalFingerprints = declare(sectionSecurity, list(","), "security.ssl.internal.cert.fingerprint", nil,
		"SHA-1 or SHA-256 of the only certificates that the processes of a cluster accept from each other.", defaultText("any that the truststore trusts"))

	RestTLS = declare(sectionSecurity, boolean, "security.ssl.rest.enabled", false,
		"TLS for REST, for its server and its clients.", defaultText("security.ssl.enabled"))
	RestAuthentication = declare(sectionSecurity, boolean, "security.ssl.rest.authentication-enabled", false,
		"The REST server demands a certificate that security.ssl.rest.truststore trusts.")
	RestStores       = declareStores("security.ssl.rest.", " Of REST: what its server shows, and what clients show when they are asked.", "security.ssl.")
	RestFingerprints = declare(sectionSecurity, list(","), "security.ssl.rest.cert.fingerprint", nil,
		"SHA-1 or SHA-256 of the only certificates that server and clients of REST accept.", defaultText("any that the truststore trusts"))
)

// IsSecurity tells whether a key says how a process proves itself: that is its own affair, and is not told to another.
func IsSecurity(key string) bool {
	return key == SecretFile.Key || strings.HasPrefix(key, "security.ssl.")
}

// declareStores declares the stores below a prefix, whose defaults are those below another one.
func declareStores(prefix, of, fallback string) Stores {
	store := func(name, description string) Option[string] {
		var attributes []attribute
		if fallback != "" {
			attributes = append(attributes, defaultText(fallback+name))
		}
		return declare(sectionSecurity, text, prefix+name, "", description+of, attributes...)
	}
	return Stores{
		Keystore:           store("keystore", "File of a certificate, its chain and its private key: PEM or PKCS#12."),
		KeystorePassword:   store("keystore-password", "Password of a keystore in PKCS#12."),
		Key:                store("key", "PEM file of the private key, when the keystore has none."),
		Truststore:         store("truststore", "File of the certificates of trusted authorities: PEM or PKCS#12."),
		TruststorePassword: store("truststore-password", "Password of a truststore in PKCS#12."),
	}
}
