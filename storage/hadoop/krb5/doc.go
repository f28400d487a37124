// Package krb5 logs in to Kerberos and gets tickets for Hadoop's servers, on github.com/jcmturner/gokrb5/v8.
//
// It adds what that library leaves out: include, includedir and repeated sections of krb5.conf, KRB5_CONFIG with several
// files, the defaults of MIT's libraries (KDCs found by DNS, permitted_enctypes, AES with SHA-2), ticket caches of kind DIR, a
// cache that kinit renews under a running process, a new login by keytab when the old ticket could not be renewed in time,
// the realm that a server's principal names, and errors that say what to do.
//
// Ticket caches of kind KCM, KEYRING, API and MEMORY cannot be read: they are refused with a remedy.
//
// Errors have the text of what package os said but do not wrap it: a ticket that is missing must not look like a missing file
// of the user's.
//
// Start reading at Login.
package krb5
