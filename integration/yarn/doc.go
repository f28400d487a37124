// Package yarn tests applications on a real YARN: those of the command leat, and below it resourcemanager/yarn, for which the
// test's own binary is ApplicationMaster and workers. It runs when LEAT_TEST_YARN is set and is skipped otherwise.
// scripts/hadoop/up.sh sets it:
//
//	eval "$(scripts/hadoop/up.sh --nodemanagers 2)"
//	go test ./integration/yarn/
//	scripts/hadoop/down.sh
//
// With --kerberos yes and --ha yes the same tests are about delegation tokens and two NameNodes, with --resourcemanagers 2 about two
// ResourceManagers. TestKafkaJob wants scripts/kafka/up.sh as well. Tests that kill daemons do so where scripts/hadoop/up.sh has started them. TestRenewedTokens needs tokens that
// end soon:
//
//	eval "$(scripts/hadoop/up.sh --nodemanagers 1 --kerberos yes --token-life 45)"
//	go test -run TestRenewedTokens ./integration/yarn/
package yarn
