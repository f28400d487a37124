// Package local is the Provider whose workers run on this machine: child processes, or goroutines of this process, whichever
// the function that it is given starts. They end with the Provider.
package local
