package shuffle

import "github.com/leatproject/leat/storage/column"

// Kind tells what an Element is.
type Kind uint8

const (
	// Batch carries rows.
	Batch Kind = iota
	// Watermark says that no row with a timestamp at or below Time is expected any more.
	Watermark
	// Idle says that the channel does not hold back watermarks until it is Active again or rows come.
	Idle
	// Active ends Idle.
	Active
	// End is the last element of a channel.
	End
	// Superstep ends superstep Time of an iteration: what follows belongs to the next one.
	Superstep
	// Barrier separates what belongs to a checkpoint from what comes after it. Time is its number, the greater the later.
	Barrier
)

// MaxWatermark is the watermark that ends event time (milliseconds).
const MaxWatermark int64 = 1<<63 - 1

// MinWatermark is the watermark before the first one.
const MinWatermark int64 = -1 << 63

// Element is what travels along a channel.
type Element struct {
	Kind Kind
	// Batch is set for Batch elements; whoever receives it owns it.
	Batch *column.Batch
	// Bytes is the memory of Batch, or 0 if the sender has not measured it: what comes out of a Gate has been.
	Bytes int
	// Time is the watermark in milliseconds since the epoch for Watermark elements, the number of a Superstep or of a Barrier.
	Time int64
}

// rows is what an element costs of a channel's credit.
func (e Element) rows() int {
	if e.Kind == Batch {
		return e.Batch.Len()
	}
	return 0
}
