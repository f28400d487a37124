package rpc

import "fmt"

// Version is the version of the control protocol that this binary speaks. It also speaks the one before.
const Version = 1

// Agree returns the version that two ends speak: the older of the two, which may be one behind.
func Agree(ours, theirs uint32) (uint32, error) {
	low, high := min(ours, theirs), max(ours, theirs)
	if low == 0 || high-low > 1 {
		return 0, fmt.Errorf("the other end speaks version %d of the control protocol, this one %d: run versions of leat that follow each other", theirs, ours)
	}
	return low, nil
}
