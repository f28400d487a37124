package state

// Changed is what snapshots of a backend would save now, in rows, about.
type Changed struct {
	// Increment and SinceBase are how many rows a snapshot of that extent would save.
	Increment, SinceBase int
	// Fresh is how many rows of an Increment no snapshot holds yet; the others make earlier ones useless.
	Fresh int
	// Lost is how many rows an Increment would take back.
	Lost int
	// Forgotten tells that a SinceBase is impossible: too many rows are gone since the base to know them all.
	Forgotten bool
}

// And is what snapshots of two backends would save.
func (c Changed) And(other Changed) Changed {
	return Changed{
		Increment: c.Increment + other.Increment,
		SinceBase: c.SinceBase + other.SinceBase,
		Fresh:     c.Fresh + other.Fresh,
		Lost:      c.Lost + other.Lost,
		Forgotten: c.Forgotten || other.Forgotten,
	}
}
