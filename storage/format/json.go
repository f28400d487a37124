package format

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// JSONOptions are the options of the JSON format. The zero value is right for most.
type JSONOptions struct {
	// MaxLength is the longest line that is read, in bytes; DefaultMaxRecord when 0.
	MaxLength int
}

// JSON reads and writes JSON lines (one value a line, blank lines left out) as rows of type T, with the meaning of
// encoding/json: names and options from `json` tags, matched exactly or else in any case; unknown names left out; null
// changes nothing but pointers, slices and maps. time.Time is RFC 3339. Interfaces, types with their own methods for JSON or
// text, and maps whose keys are no strings go through encoding/json, field by field. Unlike encoding/json the writer leaves
// <, > and & as they are.
type JSON[T any] struct {
	options JSONOptions
	root    *jsonNode
}

var (
	_ StreamFormat[string] = (*JSON[string])(nil)
	_ Encoder[string]      = (*JSON[string])(nil)
)

// NewJSON binds the names to the fields of T. A field that JSON cannot hold is an error that names it.
func NewJSON[T any](o JSONOptions) (*JSON[T], error) {
	t := reflect.TypeFor[T]()
	root, err := jsonBinder{}.bind(t, t.String())
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	return &JSON[T]{o, root}, nil
}

// Splittable implements StreamFormat.
func (*JSON[T]) Splittable() bool { return true }

type jsonKind uint8

const (
	jsonString jsonKind = iota
	jsonInt
	jsonUint
	jsonFloat
	jsonBool
	jsonTime
	jsonStruct
	jsonPointer
	jsonSlice
	jsonBytes // []byte: base64
	jsonArray
	jsonMap     // with string keys
	jsonForeign // left to encoding/json
	jsonQuoted  // a scalar with the tag option "string", left to encoding/json
)

// jsonNode is a type, prepared for reading and writing at an address.
type jsonNode struct {
	kind   jsonKind
	typ    reflect.Type
	scalar reflect.Kind
	size   uintptr
	elem   *jsonNode   // of a pointer, slice, array or map
	fields []jsonField // of a struct
	byName map[string]*jsonField
	// plainMap tells that the type is map[string]string itself.
	plainMap bool
	wrapper  reflect.Type // of jsonQuoted: a struct whose one field has the option
}

// jsonBinder prepares types; it holds those that are done or under way, which makes recursive types possible.
type jsonBinder map[reflect.Type]*jsonNode

var (
	timeType   = reflect.TypeFor[time.Time]()
	ownMethods = []reflect.Type{
		reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[encoding.TextUnmarshaler](), reflect.TypeFor[encoding.TextMarshaler](),
	}
)

func hasOwnMethods(t reflect.Type) bool {
	for _, i := range ownMethods {
		if t.Implements(i) || reflect.PointerTo(t).Implements(i) {
			return true
		}
	}
	return false
}

func (b jsonBinder) bind(t reflect.Type, path string) (*jsonNode, error) {
	if n, ok := b[t]; ok {
		return n, nil
	}
	n := &jsonNode{typ: t, scalar: t.Kind(), size: t.Size()}
	b[t] = n
	switch {
	case t == timeType:
		n.kind = jsonTime
		return n, nil
	case t.Kind() == reflect.Pointer:
		return n, b.bindElem(n, jsonPointer, path)
	case t.Kind() == reflect.Interface || hasOwnMethods(t):
		n.kind = jsonForeign
		return n, nil
	}
	switch k := t.Kind(); k {
	case reflect.String:
		n.kind = jsonString
	case reflect.Bool:
		n.kind = jsonBool
	case reflect.Float32, reflect.Float64:
		n.kind = jsonFloat
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.kind = jsonInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.kind = jsonUint
	case reflect.Struct:
		n.kind = jsonStruct
		return n, b.bindFields(n, path)
	case reflect.Array:
		return n, b.bindElem(n, jsonArray, path+"[]")
	case reflect.Slice:
		if e := t.Elem(); e.Kind() == reflect.Uint8 && !hasOwnMethods(e) {
			return n, b.bindElem(n, jsonBytes, path+"[]")
		}
		return n, b.bindElem(n, jsonSlice, path+"[]")
	case reflect.Map:
		n.plainMap = t == reflect.TypeFor[map[string]string]()
		if err := b.bindElem(n, jsonMap, path+"[]"); err != nil {
			return nil, err
		}
		return n, n.bindKey(path)
	default:
		return nil, fmt.Errorf("%s: JSON cannot hold %s; leave the field out by the tag `json:\"-\"`", path, t)
	}
	return n, nil
}

func (b jsonBinder) bindElem(n *jsonNode, kind jsonKind, path string) (err error) {
	n.kind = kind
	n.elem, err = b.bind(n.typ.Elem(), path)
	return err
}

func (n *jsonNode) bindKey(path string) error {
	key := n.typ.Key()
	switch {
	case key.Kind() == reflect.String && !hasOwnMethods(key):
	case isScalar(key.Kind()) && key.Kind() < reflect.Float32 && key.Kind() != reflect.Bool || hasOwnMethods(key):
		n.kind = jsonForeign
	default:
		return fmt.Errorf("%s: JSON names cannot be %s; use strings or integers", path, key)
	}
	return nil
}

var errEmbeddedPointer = errors.New("an embedded pointer to a struct; embed the struct itself, give it a name or the tag `json:\"-\"`")
