// Package process starts programs whose files this process has just written. Start reading at Start.
package process
