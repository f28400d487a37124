package format

import (
	"bytes"

	"github.com/leatproject/leat/storage/source"
)

// Policy says what is done about a record that cannot be read.
type Policy int

const (
	// Fail ends the job with a RecordError.
	Fail Policy = iota
	// Skip goes on with the next record. It is counted in numRecordsInErrors and handed to source.Env.Malformed.
	Skip
)

// Handler returns the policy as Input.Malformed for a reader in env.
func (p Policy) Handler(env source.Env) func(raw []byte, err *RecordError) error {
	if p == Fail {
		return nil
	}
	return func(raw []byte, err *RecordError) error {
		if env.Counters != nil {
			env.Counters.Add("numRecordsInErrors", 1)
		}
		if env.Malformed != nil {
			env.Malformed(bytes.Clone(raw), err)
		}
		return nil
	}
}
