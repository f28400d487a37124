package krb5

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnreachable is wrapped by errors of a KDC that does not answer.
var ErrUnreachable = errors.New("no KDC answers")

// IsTemporary tells whether the same may work later without anybody's doing.
func IsTemporary(err error) bool { return errors.Is(err, ErrUnreachable) }

// remedies are found by what gokrb5 writes: it keeps no codes. The first that fits counts.
var remedies = []struct{ sign, remedy string }{
	{"KDC_ERR_C_PRINCIPAL_UNKNOWN", "the KDC does not know the principal: check its name and realm"},
	{"KDC_ERR_CLIENT_REVOKED", "the principal is locked: ask the administrator of the realm"},
	{"KDC_ERR_KEY_EXPIRED", "the key of the principal has expired: change it and export a new keytab"},
	{"KDC_ERR_PREAUTH_FAILED", "the keytab holds an old key: export a new one (kadmin ktadd)"},
	{"matching key not found", "the keytab does not hold the principal, or no key of a permitted kind: see klist -ket"},
	{"password/keytab incorrect", "the keytab holds an old key: export a new one (kadmin ktadd)"},
	{"KDC_ERR_ETYPE_NOSUPP", "the KDC supports no encryption type of permitted_enctypes in krb5.conf"},
	{"KDC_ERR_S_PRINCIPAL_UNKNOWN", "the KDC does not know the server: check its principal in the configuration, and its host name"},
	{"KRB_AP_ERR_TKT_EXPIRED", remedy},
	{"KRB_AP_ERR_SKEW", "the clocks of this machine and the KDC differ by more than 5 minutes: set them"},
	{"no KDCs defined", "name a kdc of the realm in krb5.conf, or set KRB5_CONFIG"},
	{"no KDC SRV records", "name a kdc of the realm in krb5.conf, or set KRB5_CONFIG"},
}

// explain adds what to do to an error of gokrb5.
func (l *Login) explain(what string, err error) error {
	text := err.Error()
	for _, r := range remedies {
		if strings.Contains(text, r.sign) {
			return fmt.Errorf("%s: %w; %s", what, err, r.remedy)
		}
	}
	if strings.Contains(text, "communication error with KDC") || strings.Contains(text, "Networking_Error") {
		return fmt.Errorf("%s: %w: %w; check that the kdc of krb5.conf runs and can be reached from here", what, ErrUnreachable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
