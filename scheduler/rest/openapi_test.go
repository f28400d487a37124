package rest_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/scheduler/rest"
)

type openAPI struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Description string `json:"description"`
	} `json:"info"`
	Paths map[string]map[string]struct {
		Summary    string `json:"summary"`
		Parameters []struct {
			Name string `json:"name"`
			In   string `json:"in"`
		} `json:"parameters"`
	} `json:"paths"`
}

var parameters = regexp.MustCompile(`\{\w*\}`)

// TestDocumentHasExactlyTheRoutes compares the OpenAPI document with the patterns that are served.
func TestDocumentHasExactlyTheRoutes(t *testing.T) {
	document := get[openAPI](newRig(t, nil), "/openapi.json")
	require.Equal(t, "3.0.3", document.OpenAPI)
	var documented []string
	for path, operations := range document.Paths {
		for method, o := range operations {
			documented = append(documented, strings.ToUpper(method)+" "+path)
			require.NotEmpty(t, o.Summary, path)
			var names []string
			for _, p := range o.Parameters {
				if p.In == "path" {
					names = append(names, "{"+p.Name+"}")
				}
			}
			require.Equal(t, parameters.FindAllString(path, -1), names, path)
		}
	}
	require.ElementsMatch(t, rest.Patterns(), documented)
}

// TestEveryRouteOfFlink is there, or is left out by name; nothing is both.
func TestEveryRouteOfFlink(t *testing.T) {
	text, err := os.ReadFile("testdata/flink-routes.txt")
	require.NoError(t, err)
	shape := func(pattern string) string { return parameters.ReplaceAllString(pattern, "{}") }
	var served, left []string
	for _, p := range rest.Patterns() {
		served = append(served, shape(p))
	}
	description := get[openAPI](newRig(t, nil), "/openapi.json").Info.Description
	for _, quoted := range regexp.MustCompile("`[^`]+`").FindAllString(description, -1) {
		p := shape(strings.Trim(quoted, "`"))
		require.NotContains(t, served, p)
		left = append(left, p)
	}
	r := newRig(t, nil)
	for line := range strings.Lines(string(text)) {
		route := strings.TrimSpace(line)
		if slices.Contains(served, route) {
			continue
		}
		require.Contains(t, left, route)
		method, path, _ := strings.Cut(route, " ")
		w := r.do(method, strings.ReplaceAll(path, "{}", "x"), nil)
		require.Equal(t, 501, w.Code, route)
		require.Contains(t, w.Body.String(), "is left out: ", route)
	}
}
