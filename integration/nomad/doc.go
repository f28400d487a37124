// Package nomad tests clusters on a real Nomad: applications and sessions of the command leat, and what becomes of them when
// parts of Nomad fail. It runs when LEAT_TEST_NOMAD is set and is skipped otherwise. scripts/nomad/up.sh sets it:
//
//	eval "$(scripts/nomad/up.sh --clients 2)"
//	go test ./integration/nomad/
//	scripts/nomad/down.sh
//
// With --acl yes --tls yes the same tests are about tokens and certificates.
package nomad
