// Package process starts programs: those whose files this process has just written, and those that are not to outlive it. Start
// reading at Start.
package process
