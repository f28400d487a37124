package avro

import (
	"encoding/json"
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
)

// written are the types of fields as the schema says them.
type written struct {
	Type      string `json:"type"`
	Logical   string `json:"logicalType,omitempty"`
	Precision int    `json:"precision,omitempty"`
	Scale     int    `json:"scale,omitempty"`
}

// writtenType is the schema of values that are not NULL; records have the name of their place.
func writtenType(t datatype.Type, name string) (any, error) {
	switch t.Kind {
	case datatype.KindBoolean:
		return written{Type: "boolean"}, nil
	case datatype.KindTinyInt, datatype.KindSmallInt, datatype.KindInt:
		return written{Type: "int"}, nil
	case datatype.KindBigInt:
		return written{Type: "long"}, nil
	case datatype.KindFloat:
		return written{Type: "float"}, nil
	case datatype.KindDouble:
		return written{Type: "double"}, nil
	case datatype.KindDecimal:
		return written{Type: "bytes", Logical: "decimal", Precision: t.Precision, Scale: t.Scale}, nil
	case datatype.KindDate:
		return written{Type: "int", Logical: "date"}, nil
	case datatype.KindTime:
		return written{Type: "int", Logical: "time-millis"}, nil
	case datatype.KindTimestamp, datatype.KindTimestampLTZ:
		logical, _ := unitOf(t.Precision)
		if t.Kind == datatype.KindTimestamp {
			logical = "local-" + logical
		}
		return written{Type: "long", Logical: logical}, nil
	}
	switch {
	case t.IsNested():
		return writtenNested(t, name)
	case t.IsCharacter():
		return written{Type: "string"}, nil
	case t.IsBinary():
		return written{Type: "bytes"}, nil
	}
	return nil, fmt.Errorf("type %s cannot be written to Avro files; cast it to STRING", t)
}

// writtenNested is the schema of an array, a map, or a record, whose name has those of what it is in, so that no other has it.
func writtenNested(t datatype.Type, name string) (any, error) {
	switch {
	case t.Kind == datatype.KindRow:
		fields := make([]columnar.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = columnar.Field{Name: f.Name, Type: f.Type}
		}
		return writtenRecord(fields, name)
	case t.Kind == datatype.KindArray:
		items, err := writtenNullable(*t.Element, name+"_item")
		return map[string]any{"type": "array", "items": items}, err
	case t.Kind == datatype.KindMap && t.Key.IsCharacter():
		values, err := writtenNullable(*t.Element, name+"_value")
		return map[string]any{"type": "map", "values": values}, err
	case t.Kind == datatype.KindMultiset && t.Element.IsCharacter():
		return map[string]any{"type": "map", "values": "int"}, nil
	}
	return nil, fmt.Errorf("type %s cannot be written to Avro files, where keys are texts; cast the keys to STRING", t)
}

// writtenNullable is the union with null of the type of values that may be NULL.
func writtenNullable(t datatype.Type, name string) (any, error) {
	of, err := writtenType(t, name)
	if err != nil || t.NotNull {
		return of, err
	}
	return []any{"null", of}, nil
}

func writtenRecord(fields []columnar.Field, name string) (any, error) {
	type one struct {
		Name    string           `json:"name"`
		Type    any              `json:"type"`
		Default *json.RawMessage `json:"default,omitempty"`
	}
	var all []one
	null := json.RawMessage("null")
	for _, f := range fields {
		t, err := writtenNullable(f.Type, name+"_"+f.Name)
		if err != nil {
			return nil, err
		}
		of := one{Name: f.Name, Type: t}
		if !f.Type.NotNull {
			of.Default = &null
		}
		all = append(all, of)
	}
	return map[string]any{"type": "record", "name": name, "fields": all}, nil
}

// schemaOf is the schema of files of fields, as JSON.
func schemaOf(fields []columnar.Field) ([]byte, error) {
	for _, f := range fields {
		if _, err := writtenType(f.Type, ""); err != nil {
			return nil, fmt.Errorf("avro: column %s: %w", f.Name, err)
		}
	}
	schema, err := writtenRecord(fields, "record")
	if err != nil {
		return nil, err
	}
	return json.Marshal(schema)
}

// unitOf is in what timestamps of so many digits are written, and how many of them are a millisecond.
func unitOf(digits int) (logical string, per int64) {
	switch {
	case digits <= 3:
		return "timestamp-millis", 1
	case digits <= 6:
		return "timestamp-micros", 1e3
	}
	return "timestamp-nanos", 1e6
}
