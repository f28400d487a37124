// Package providertest is the test suite that every resourcemanager.Provider passes.
package providertest
