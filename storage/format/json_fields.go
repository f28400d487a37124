package format

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// jsonField is a field of a struct.
type jsonField struct {
	name string
	// quoted is the name as it is written, with quotes and a colon.
	quoted              string
	offset              uintptr
	index               int // among the fields of its struct
	node                *jsonNode
	omitEmpty, omitZero bool
}

// jsonCandidate is a field that may be hidden by another of the same name (Go's rules for embedded structs, a tagged field
// before others of its depth).
type jsonCandidate struct {
	jsonField
	place  []int // as reflect's index, the fields of embedded structs included
	tagged bool
	typ    reflect.Type
	asText bool // the tag option "string"
	path   string
}

func (b jsonBinder) bindFields(n *jsonNode, path string) error {
	all, err := jsonCandidates(n.typ, 0, nil, path, map[reflect.Type]bool{})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(x, y jsonCandidate) int {
		tagFirst := 0
		if x.tagged != y.tagged {
			if tagFirst = 1; x.tagged {
				tagFirst = -1
			}
		}
		return cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(len(x.place), len(y.place)), tagFirst)
	})
	var visible []jsonCandidate
	for i := 0; i < len(all); {
		same := i + 1
		for same < len(all) && all[same].name == all[i].name {
			same++
		}
		if same == i+1 || len(all[i+1].place) > len(all[i].place) || all[i+1].tagged != all[i].tagged {
			visible = append(visible, all[i])
		}
		i = same
	}
	slices.SortFunc(visible, func(x, y jsonCandidate) int { return slices.Compare(x.place, y.place) })
	n.byName = make(map[string]*jsonField, len(visible))
	n.fields = make([]jsonField, len(visible))
	for i, c := range visible {
		if c.node, err = b.bind(c.typ, c.path); err != nil {
			return err
		}
		if c.asText {
			c.node = quotedNode(c.typ)
		}
		c.quoted = string(append(appendJSONString(nil, c.name), ':'))
		c.jsonField.index = i
		n.fields[i] = c.jsonField
		n.byName[c.name] = &n.fields[i]
	}
	return nil
}

func jsonCandidates(t reflect.Type, offset uintptr, place []int, path string, above map[reflect.Type]bool) (all []jsonCandidate, err error) {
	if above[t] {
		return nil, nil
	}
	above[t] = true
	defer delete(above, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		embedded := f.Anonymous && f.Type.Kind() == reflect.Struct
		embeddedPointer := f.Anonymous && f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct
		if tag == "-" || !f.IsExported() && !embedded && !embeddedPointer {
			continue
		}
		if !validJSONName(name) {
			name = ""
		}
		here := append(slices.Clone(place), i)
		fieldPath := path + "." + f.Name
		if f.Anonymous && name == "" {
			if embeddedPointer {
				return nil, fmt.Errorf("%s is %w", fieldPath, errEmbeddedPointer)
			}
			if embedded {
				inner, err := jsonCandidates(f.Type, offset+f.Offset, here, fieldPath, above)
				if err != nil {
					return nil, err
				}
				all = append(all, inner...)
				continue
			}
		}
		c := jsonCandidate{place: here, tagged: name != "", typ: f.Type, path: fieldPath}
		c.name, c.offset = cmp.Or(name, f.Name), offset+f.Offset
		for option := range strings.SplitSeq(options, ",") {
			c.omitEmpty = c.omitEmpty || option == "omitempty"
			c.omitZero = c.omitZero || option == "omitzero"
			c.asText = c.asText || option == "string"
		}
		scalar := f.Type
		if scalar.Kind() == reflect.Pointer {
			scalar = scalar.Elem()
		}
		c.asText = c.asText && (isScalar(scalar.Kind()) || scalar.Kind() == reflect.String)
		all = append(all, c)
	}
	return all, nil
}

// quotedNode is a scalar with the tag option "string".
func quotedNode(t reflect.Type) *jsonNode {
	field := reflect.StructField{Name: "V", Type: t, Tag: `json:",string"`}
	return &jsonNode{kind: jsonQuoted, typ: t, scalar: t.Kind(), size: t.Size(), wrapper: reflect.StructOf([]reflect.StructField{field})}
}

// validJSONName is encoding/json's rule for names in tags.
func validJSONName(s string) bool {
	for _, c := range s {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return s != ""
}

// find returns the field of a name: the exact one, or else the first that differs only in case.
func (n *jsonNode) find(name []byte) *jsonField {
	if f, ok := n.byName[string(name)]; ok {
		return f
	}
	for i := range n.fields {
		if strings.EqualFold(n.fields[i].name, view(name)) {
			return &n.fields[i]
		}
	}
	return nil
}
