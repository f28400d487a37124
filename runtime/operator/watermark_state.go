package operator

import (
	"encoding/binary"
	"fmt"
)

// watermarkState is the name of the list that holds the event time which each sub-task has reached.
const watermarkState = "watermark"

// saveWatermark makes the watermark that an operator has reached its state, so that after a restart it takes no record for
// late that was not, nor one for early that was late. Sub-tasks that have aligned their barriers have reached the same one; of
// others the least counts.
func saveWatermark(ctx *Context, at *int64) error {
	saved := ctx.States.AddList(OperatorState{Name: watermarkState, Union: true, Save: func() ([][]byte, error) {
		return [][]byte{binary.LittleEndian.AppendUint64(nil, uint64(*at))}, nil
	}})
	for i, s := range saved {
		if len(s) != 8 {
			return fmt.Errorf("the watermark in the checkpoint has %d bytes, not 8", len(s))
		}
		if w := int64(binary.LittleEndian.Uint64(s)); i == 0 || w < *at {
			*at = w
		}
	}
	return nil
}
