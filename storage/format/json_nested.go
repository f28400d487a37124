package format

import (
	"reflect"
	"strconv"
	"unsafe"

	"github.com/leatproject/leat/storage/format/jsontext"
)

// object reads a struct.
func (d *jsonDecoder) object(n *jsonNode, p unsafe.Pointer, i int) (_ int, err error) {
	b := d.b
	if i = jsontext.Space(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for guess, done := 0, false; ; {
		var f *jsonField
		if f, i, err = d.field(n, i, guess); err != nil {
			return i, err
		}
		if f == nil {
			i, err = jsontext.Skip(b, i, d.depth+1)
		} else {
			guess = f.index + 1
			if i, err = d.value(f.node, unsafe.Add(p, f.offset), i); err != nil {
				d.within(f.name)
			}
		}
		if err != nil {
			return i, err
		}
		if i, done, err = jsontext.Following(b, i, '}'); done || err != nil {
			return i, err
		}
	}
}

// field reads the name at d.b[i] and returns its field, nil when there is none, and the index of its value. The guess is the
// field that comes next when names are in the order of the fields.
func (d *jsonDecoder) field(n *jsonNode, i, guess int) (*jsonField, int, error) {
	if guess < len(n.fields) {
		f := &n.fields[guess]
		if next, ok := jsontext.Literal(d.b, i, f.quoted); ok {
			return f, jsontext.Space(d.b, next), nil
		}
	}
	key, i, err := jsontext.Name(d.b, i)
	if err != nil {
		return nil, i, err
	}
	return n.find(key), i, nil
}

func (d *jsonDecoder) within(name string) {
	if d.path != "" {
		name += "." + d.path
	}
	d.path = name
}

// elements reads the elements of an array; element returns where the next one goes, nil for nowhere.
func (d *jsonDecoder) elements(n *jsonNode, i int, element func(index int) unsafe.Pointer) (int, error) {
	b := d.b
	if i = jsontext.Space(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for index := 0; ; index++ {
		var err error
		if p := element(index); p == nil {
			i, err = jsontext.Skip(b, i, d.depth+1)
		} else if i, err = d.value(n.elem, p, i); err != nil {
			d.within(strconv.Itoa(index))
		}
		if err != nil {
			return i, err
		}
		var done bool
		if i, done, err = jsontext.Following(b, i, ']'); done || err != nil {
			return i, err
		}
	}
}

// sliceHeader is the memory of a slice.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// noElements is where slices that are empty, but not nil, point to.
var noElements struct{}

func (d *jsonDecoder) slice(n *jsonNode, p unsafe.Pointer, i int) (int, error) {
	v := reflect.NewAt(n.typ, p).Elem()
	h := (*sliceHeader)(p)
	*h = sliceHeader{data: unsafe.Pointer(&noElements)}
	return d.elements(n, i, func(index int) unsafe.Pointer {
		if h.len == h.cap {
			v.Grow(max(4, h.len))
		}
		h.len++
		return unsafe.Add(h.data, uintptr(index)*n.elem.size)
	})
}

func (d *jsonDecoder) array(n *jsonNode, p unsafe.Pointer, i int) (int, error) {
	reflect.NewAt(n.typ, p).Elem().SetZero()
	return d.elements(n, i, func(index int) unsafe.Pointer {
		if index >= n.typ.Len() {
			return nil
		}
		return unsafe.Add(p, uintptr(index)*n.elem.size)
	})
}

// mapping reads a map with string keys.
func (d *jsonDecoder) mapping(n *jsonNode, p unsafe.Pointer, i int) (_ int, err error) {
	b, m := d.b, reflect.NewAt(n.typ, p).Elem()
	if m.IsNil() {
		m.Set(reflect.MakeMap(n.typ))
	}
	if i = jsontext.Space(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	var key, value reflect.Value
	if !n.plainMap {
		key, value = reflect.New(n.typ.Key()).Elem(), reflect.New(n.elem.typ).Elem()
	}
	for {
		var k []byte
		if k, i, err = jsontext.Name(b, i); err != nil {
			return i, err
		}
		if n.plainMap {
			var s string
			i, err = d.value(n.elem, unsafe.Pointer(&s), i)
			(*(*map[string]string)(p))[view(k)] = s
		} else {
			key.SetString(view(k))
			value.SetZero()
			i, err = d.value(n.elem, value.Addr().UnsafePointer(), i)
			m.SetMapIndex(key, value)
		}
		if err != nil {
			d.within(string(k))
			return i, err
		}
		var done bool
		if i, done, err = jsontext.Following(b, i, '}'); done || err != nil {
			return i, err
		}
	}
}
