// Package faultlog is the fault-injecting twin of scheduler/log: it wraps any log and lets a test say when its disk is full, when
// it loses leadership in the middle of a proposal, and how slow it is.
package faultlog
