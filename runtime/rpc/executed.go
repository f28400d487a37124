package rpc

// Kept returns the rows of a Collect, by its number in the graph; nil if there are none.
func (e *Executed) Kept(node int) *Collected {
	for _, c := range e.GetCollected() {
		if int(c.GetNode()) == node {
			return c
		}
	}
	return nil
}
