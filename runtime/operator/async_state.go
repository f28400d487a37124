package operator

import (
	"fmt"

	"github.com/leatproject/leat/storage/column"
)

// asyncState is Flink's name of the list of records that wait for their results.
const asyncState = "_async_wait_operator_state_"

// asyncRow is a record as it is saved.
type asyncRow[I any] struct {
	Time   int64
	Record I
}

// save makes the records that wait the state of the operator, and begins the calls for those that waited in the checkpoint:
// for a moment there may be more than Capacity when there were more sub-tasks. Watermarks that wait are not saved, since others
// follow them.
func (a *AsyncMap[I, O]) save() error {
	if !a.ctx.States.On {
		return nil
	}
	codec, err := column.CodecOf[asyncRow[I]]()
	if err != nil {
		return fmt.Errorf("asynchronous calls cannot be saved in checkpoints: %w", err)
	}
	waiting := a.ctx.States.AddList(OperatorState{Name: asyncState, Row: codec.Schema(), Save: func() (elements [][]byte, err error) {
		for _, e := range a.queue {
			if e.element == nil {
				elements = append(elements, codec.AppendBatch(nil, []asyncRow[I]{{e.time, e.v}}))
			}
		}
		return elements, nil
	}})
	for _, element := range waiting {
		rows, err := codec.DecodeBatch(element, nil)
		if err != nil {
			return fmt.Errorf("an asynchronous call in the checkpoint: %w", err)
		}
		for _, r := range rows {
			a.begin(r.Record, r.Time)
		}
	}
	return nil
}
