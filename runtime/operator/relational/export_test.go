package relational

// SetMinBuildBytes sets the memory that a part of a build side has in any case, until the function that it returns is called.
func SetMinBuildBytes(n int64) (reset func()) {
	old := minBuildBytes
	minBuildBytes = n
	return func() { minBuildBytes = old }
}
