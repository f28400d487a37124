// Package check tries, before anything is started, what workers on Nomad need: the address, the token and its rights, the
// namespace, nodes with the driver, and room for a worker. Each check is one Finding with a remedy; what cannot be tried because
// of an earlier failure is left out. Nothing is started, and nothing is left behind.
package check
