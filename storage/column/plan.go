package column

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/zeebo/xxh3"
)

// plan is all that is known about one Go type.
type plan struct {
	coder       coder
	schema      *Schema
	fingerprint uint64 // of the schema
	size        int    // of the type in memory, bytes
	pointers    bool
	skips       bool // fields that are not encoded, which decoding must clear
}

var plans sync.Map // reflect.Type -> *plan, or the error why there is none

func forgetPlans() { plans.Clear() }

func planOf(t reflect.Type) (*plan, error) {
	if known, ok := plans.Load(t); ok {
		if p, ok := known.(*plan); ok {
			return p, nil
		}
		return nil, known.(error)
	}
	var b builder
	c, schema, err := b.build(t.String(), t)
	if err != nil {
		plans.Store(t, err)
		return nil, err
	}
	p := &plan{
		coder: c, schema: schema, fingerprint: xxh3.HashString(schema.String()),
		size: int(t.Size()), pointers: hasPointers(t), skips: b.skips,
	}
	plans.Store(t, p)
	return p, nil
}

// builder makes the coder of one type from those of its parts.
type builder struct {
	within []reflect.Type // the types that the current one lies in
	skips  bool
}

func refuse(path string, t reflect.Type, why string) error {
	return fmt.Errorf("%s: %s cannot be encoded: %s", path, t, why)
}

const remedy = `leave the field out with the tag leat:"-", or give its type a codec with RegisterCodec`

func (b *builder) build(path string, t reflect.Type) (coder, *Schema, error) {
	schema := &Schema{Type: t.String()}
	if c, ok := registered.Load(t); ok {
		own := *c.(*custom)
		own.flat = !hasPointers(t)
		schema.Kind = KindCodec
		return &own, schema, nil
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		schema.Kind = KindTime
		return instant{}, schema, nil
	case reflect.TypeFor[time.Duration]():
		schema.Kind = KindDuration
		return fixed[uint64]{}, schema, nil
	}
	for _, outer := range b.within {
		if outer == t {
			return nil, nil, refuse(path, t, "the type contains itself; "+remedy)
		}
	}
	skips := b.skips
	b.within = append(b.within, t)
	c, err := b.structural(path, t, schema)
	b.within = b.within[:len(b.within)-1]
	if err != nil {
		if own, kind := marshaler(t); own != nil {
			b.skips = skips
			return own, &Schema{Type: t.String(), Kind: kind}, nil
		}
		return nil, nil, err
	}
	if t.Size() == 0 {
		c = void{}
	}
	return c, schema, nil
}

// structural makes the coder that a type's kind calls for and completes its schema.
func (b *builder) structural(path string, t reflect.Type, schema *Schema) (c coder, err error) {
	if leaf, kind := leafOf(t); leaf != nil {
		schema.Kind = kind
		return leaf, nil
	}
	child := func(path string, t reflect.Type) (c coder) {
		if err != nil {
			return nil
		}
		var s *Schema
		c, s, err = b.build(path, t)
		schema.Fields = append(schema.Fields, s)
		return c
	}
	switch t.Kind() {
	case reflect.Struct:
		schema.Kind = KindStruct
		return b.record(path, t, schema)
	case reflect.Array:
		schema.Kind, schema.Len = KindArray, t.Len()
		c = rawOf(&array{elem: child(path+"[]", t.Elem()), size: t.Elem().Size(), n: t.Len()})
	case reflect.Slice:
		schema.Kind = KindList
		c = &list{elem: child(path+"[]", t.Elem()), slice: reflect.SliceOf(t.Elem()), size: t.Elem().Size()}
	case reflect.Pointer:
		schema.Kind = KindOptional
		c = &pointer{elem: child(path, t.Elem()), to: t.Elem(), slice: reflect.SliceOf(t.Elem()), size: t.Elem().Size()}
	case reflect.Map:
		schema.Kind = KindMap
		c = &dictionary{
			key: child(path+"[key]", t.Key()), value: child(path+"[value]", t.Elem()), of: t,
			flat: !hasPointers(t.Key()) && !hasPointers(t.Elem()),
		}
	case reflect.Interface:
		return nil, refuse(path, t, "which type a value has is not known beforehand; use a concrete type, or give the interface a codec with RegisterCodec")
	default:
		return nil, refuse(path, t, "it is not data; "+remedy)
	}
	return c, err
}

func (b *builder) record(path string, t reflect.Type, schema *Schema) (coder, error) {
	c := &record{}
	names := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, tagged := f.Tag.Lookup("leat")
		if name == "-" || f.Name == "_" {
			b.skips = b.skips || f.Type.Size() > 0
			continue
		}
		if !tagged || name == "" {
			name = f.Name
		}
		at := path + "." + f.Name
		if !f.IsExported() && !(f.Anonymous && f.Type.Kind() == reflect.Struct) {
			return nil, refuse(at, f.Type, "the field is not exported; export it, leave it out with the tag leat:\"-\", or give "+t.String()+" a codec with RegisterCodec")
		}
		if other, taken := names[name]; taken {
			return nil, fmt.Errorf("%s: the name %q is already that of %s.%s; give one of them another leat tag", at, name, path, other)
		}
		names[name] = f.Name
		elem, s, err := b.build(at, f.Type)
		if err != nil {
			return nil, err
		}
		s.Name, s.Embedded = name, f.Anonymous
		schema.Fields = append(schema.Fields, s)
		c.add(f.Offset, elem)
	}
	if t.Size() > 0 && c.least == 0 {
		return nil, errors.New(path + ": " + t.String() + " cannot be encoded: none of its fields holds data; take away a leat:\"-\" tag, or give it a codec with RegisterCodec")
	}
	return c, nil
}

// leafOf is the coder of kinds that have one buffer, by kind, so that named types get it too.
func leafOf(t reflect.Type) (coder, Kind) {
	switch t.Kind() {
	case reflect.Bool:
		return flag{}, KindBool
	case reflect.Int8:
		return fixed[uint8]{}, KindInt8
	case reflect.Int16:
		return fixed[uint16]{}, KindInt16
	case reflect.Int32:
		return fixed[uint32]{}, KindInt32
	case reflect.Int, reflect.Int64:
		return fixed[uint64]{}, KindInt64
	case reflect.Uint8:
		return fixed[uint8]{}, KindUint8
	case reflect.Uint16:
		return fixed[uint16]{}, KindUint16
	case reflect.Uint32:
		return fixed[uint32]{}, KindUint32
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return fixed[uint64]{}, KindUint64
	case reflect.Float32:
		return fixed[uint32]{canonical: CanonicalFloat32}, KindFloat32
	case reflect.Float64:
		return fixed[uint64]{canonical: CanonicalFloat64}, KindFloat64
	case reflect.Complex64:
		return complexOf(fixed[uint32]{canonical: CanonicalFloat32}), KindComplex64
	case reflect.Complex128:
		return complexOf(fixed[uint64]{canonical: CanonicalFloat64}), KindComplex128
	case reflect.String:
		return text{}, KindString
	case reflect.Slice:
		if _, own := registered.Load(t.Elem()); t.Elem().Kind() == reflect.Uint8 && !own {
			return blob{}, KindBytes
		}
	}
	return nil, ""
}

// complexOf is the coder of a complex number: its real and imaginary parts.
func complexOf(part coder) coder {
	c := &record{}
	c.add(0, part)
	c.add(uintptr(part.width()), part)
	return c
}

// hasPointers says whether the memory of a value of t holds pointers.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	}
	return t.Kind() > reflect.Complex128 // the kinds up to there are numbers
}
