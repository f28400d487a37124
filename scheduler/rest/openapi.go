package rest

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"encoding/json"
)

type object = map[string]any

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// document is made from the table of routes and the types of its answers.
func (s *Server) document(*http.Request) (any, error) {
	paths := object{}
	schemas := object{"Errors": object{"type": "object", "properties": object{"errors": object{"type": "array", "items": object{"type": "string"}}}}}
	for _, r := range s.routes() {
		parameters := []object{}
		for _, m := range pathParameter.FindAllStringSubmatch(r.path, -1) {
			parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
		}
		for _, q := range r.query {
			parameters = append(parameters, object{"name": q, "in": "query", "schema": object{"type": "string"}})
		}
		content := object{"description": "success"}
		if r.contentType != "" {
			content["content"] = object{r.contentType: object{"schema": object{"type": "string"}}}
		}
		if r.result != nil {
			content["content"] = object{"application/json": object{"schema": schemaOf(reflect.TypeOf(r.result), schemas)}}
		}
		operations, ok := paths[r.path].(object)
		if !ok {
			operations = object{}
			paths[r.path] = operations
		}
		operations[strings.ToLower(r.method)] = object{"summary": r.summary, "parameters": parameters, "responses": object{
			strconv.Itoa(max(r.status, http.StatusOK)): content,
			"default": object{"description": "failure", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Errors"}}}},
		}}
	}
	return object{"openapi": "3.0.3", "info": object{"title": "Leat JobManager", "version": s.opt.Version, "description": describeLeftOut()},
		"servers": []object{{"url": "."}, {"url": "v1"}}, "paths": paths, "components": object{"schemas": schemas,
			"securitySchemes": object{"secret": object{"type": "http", "scheme": "bearer"}}}, "security": []object{{"secret": []string{}}}}, nil
}

var rawJSON = reflect.TypeFor[json.RawMessage]()

// schemaOf describes a Go type; structures with a name go to schemas.
func schemaOf(t reflect.Type, schemas object) object {
	switch {
	case t == rawJSON:
		return object{"type": "object"}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return object{"type": "string", "format": "byte"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), schemas)
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem(), schemas)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(t.Elem(), schemas)}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Struct:
		return structOf(t, schemas)
	}
	return object{"type": "string"}
}

func structOf(t reflect.Type, schemas object) object {
	reference := object{"$ref": "#/components/schemas/" + t.Name()}
	if _, known := schemas[t.Name()]; known && t.Name() != "" {
		return reference
	}
	properties := object{}
	schema := object{"type": "object", "properties": properties}
	if t.Name() != "" {
		schemas[t.Name()] = schema
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" {
			continue
		}
		properties[name] = schemaOf(f.Type, schemas)
	}
	if t.Name() == "" {
		return schema
	}
	return reference
}
