package state

// bygone are the rows that were lost since the last base that counts, and of which later ones that count tell: a snapshot that takes
// their place has to tell it again.
type bygone[R any] struct {
	blocks  []*sectionRows[R] // others may read them
	n       int
	limit   int  // leastBygone if it is less
	tooMany bool // they were forgotten
}

// A state may have lost a part of its rows, and in any case so many, before no snapshot can tell all that changed since the base.
const (
	bygonePart  = 32
	leastBygone = 16 * blockRows
)

// add takes lost rows over.
func (b *bygone[R]) add(lost []*sectionRows[R]) {
	for _, r := range lost {
		b.n += r.len()
		if b.tooMany = b.tooMany || b.n > max(b.limit, leastBygone); b.tooMany {
			b.blocks, b.n = nil, 0
			return
		}
		if last := len(b.blocks) - 1; last >= 0 && b.blocks[last].len()+r.len() <= blockRows {
			b.blocks[last] = b.blocks[last].with(r)
		} else {
			b.blocks = append(b.blocks, r)
		}
	}
}
