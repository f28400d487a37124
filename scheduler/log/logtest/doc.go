// Package logtest is the test suite that every form of scheduler/log passes, and the machine that it runs them on.
package logtest
