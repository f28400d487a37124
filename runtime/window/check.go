package window

import (
	"fmt"
	"reflect"
)

// Validator is implemented by assigners, triggers and evictors whose parameters may be wrong; it is asked when the program
// is built.
type Validator interface{ Validate() error }

// Typed is implemented by assigners, triggers and evictors that take records of one type only.
type Typed interface {
	// RecordType is that type, or nil for any.
	RecordType() reflect.Type
}

// Check tells what is wrong with an assigner, trigger or evictor for records of type T.
func Check[T any](part any) error {
	if err := validate(part); err != nil {
		return err
	}
	if want := recordType(part); want != nil && want != reflect.TypeFor[T]() {
		return fmt.Errorf("%v takes records of type %v, not %v", part, want, reflect.TypeFor[T]())
	}
	return nil
}

func recordType(part any) reflect.Type {
	if typed, ok := part.(Typed); ok {
		return typed.RecordType()
	}
	return nil
}

func validate(part any) error {
	if v, ok := part.(Validator); ok {
		return v.Validate()
	}
	return nil
}
