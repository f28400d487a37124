// Package cases runs collected cases of SQL over bounded data and compares their rows with what Flink gave: whole scripts with an expected
// table beside them, and single expressions.
//
// The cases are a folder beside the repository (shared/cases) or where LEAT_TEST_CASES says; without one the tests are skipped. Those
// that do not pass are listed in testdata/failing.txt with a reason each: a case that fails and is not listed fails the test, and so
// does one that is listed and passes.
//
// Start reading at cases_test.go.
package cases
