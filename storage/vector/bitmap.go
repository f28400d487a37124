package vector

// Bitmap has a bit for each row, the lowest of the first word for row 0.
type Bitmap []uint64

// Words is the length of a bitmap for so many rows.
func Words(rows int) int { return (rows + 63) / 64 }

// Has says whether a bit is set.
func (b Bitmap) Has(i int) bool { return b[uint(i)/64]>>(uint(i)%64)&1 != 0 }

// Set sets a bit.
func (b Bitmap) Set(i int) { b[uint(i)/64] |= 1 << (uint(i) % 64) }

// Clear clears a bit.
func (b Bitmap) Clear(i int) { b[uint(i)/64] &^= 1 << (uint(i) % 64) }
