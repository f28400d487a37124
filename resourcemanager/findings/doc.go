// Package findings is what the checks of YARN and Nomad tell before anything is started there: each Finding names what was tried,
// how it went, and the remedy.
package findings
