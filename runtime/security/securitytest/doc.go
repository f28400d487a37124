// Package securitytest makes certificates for tests.
package securitytest
