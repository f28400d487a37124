// Package clock is the one seam to the time of day: everything that waits or stamps takes a Clock, so that tests and
// simulation own time. Real is the machine's clock; Virtual stands still until it is told to go on.
package clock
