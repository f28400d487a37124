package window

import (
	"fmt"
	"reflect"
	"time"
)

// SessionWindows puts the records of a key that follow each other within a gap into one window.
type SessionWindows struct {
	base
	gap     int64
	dynamic func(record any) int64
	typ     reflect.Type
}

// Session returns sessions that end when a key has had no record for gap.
func Session(gap time.Duration, eventTime bool) *SessionWindows {
	return &SessionWindows{base: base{eventTime}, gap: gap.Milliseconds()}
}

// DynamicSession returns sessions whose gap each record says for itself.
func DynamicSession[T any](gap func(T) time.Duration, eventTime bool) *SessionWindows {
	return &SessionWindows{base: base{eventTime}, typ: reflect.TypeFor[T](),
		dynamic: func(record any) int64 { return gap(*record.(*T)).Milliseconds() }}
}

// RecordType implements Typed.
func (s *SessionWindows) RecordType() reflect.Type { return s.typ }

// Validate implements Validator.
func (s *SessionWindows) Validate() error {
	if s.dynamic == nil && s.gap <= 0 {
		return fmt.Errorf("session windows with a gap of %d ms: the gap must be at least 1 ms", s.gap)
	}
	return nil
}

// Merges implements Assigner.
func (*SessionWindows) Merges() bool { return true }

// Assign implements Assigner.
func (s *SessionWindows) Assign(dst []Window, record any, timestamp, now int64) ([]Window, error) {
	t, err := s.at(timestamp, now)
	if err != nil {
		return dst, err
	}
	gap := s.gap
	if s.dynamic != nil {
		if gap = s.dynamic(record); gap <= 0 {
			return dst, fmt.Errorf("session windows: a gap of %d ms for a record: the gap must be at least 1 ms", gap)
		}
	}
	return append(dst, Window{t, t + gap}), nil
}

// String names the assigner.
func (s *SessionWindows) String() string {
	if s.dynamic != nil {
		return "DynamicSession" + s.kind()
	}
	return fmt.Sprintf("Session%s(%d)", s.kind(), s.gap)
}
