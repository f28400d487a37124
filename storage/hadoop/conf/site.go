package conf

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// maxIncludes is how deep files may include one another.
const maxIncludes = 20

var errIncludes = errors.New("files include one another without end")

// site collects the properties of files as they are written.
type site struct {
	values map[string]string
	final  map[string]bool
}

func (s *site) read(path string, depth int) error {
	if depth > maxIncludes {
		return fmt.Errorf("%s: %w", path, errIncludes)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	err = s.parse(f, filepath.Dir(path), depth)
	if err == nil || errors.Is(err, errIncludes) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// parse reads one document. Properties may stand in <configuration>s within one another, as Hadoop allows.
func (s *site) parse(r io.Reader, dir string, depth int) error {
	d := xml.NewDecoder(r)
	for seen := false; ; {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && seen:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("no <configuration>")
		case err != nil:
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != "configuration" {
			return fmt.Errorf("<%s> where <configuration> is due", start.Name.Local)
		}
		seen = true
		if err := s.elements(d, dir, depth); err != nil {
			return err
		}
	}
}

// elements reads until the end of the element that has begun.
func (s *site) elements(d *xml.Decoder, dir string, depth int) error {
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			switch t.Name.Local {
			case "property":
				err = s.property(d, &t)
			case "include":
				err = s.include(d, &t, dir, depth)
			case "configuration":
				err = s.elements(d, dir, depth)
			default:
				err = d.Skip()
			}
			if err != nil {
				return err
			}
		}
	}
}

// property reads <property>, whose parts are elements or attributes.
func (s *site) property(d *xml.Decoder, start *xml.StartElement) error {
	var p struct {
		Name      string  `xml:"name"`
		Value     *string `xml:"value"`
		Final     string  `xml:"final"`
		NameAttr  string  `xml:"name,attr"`
		ValueAttr *string `xml:"value,attr"`
		FinalAttr string  `xml:"final,attr"`
	}
	if err := d.DecodeElement(&p, start); err != nil {
		return err
	}
	name, value := strings.TrimSpace(p.Name+p.NameAttr), p.Value
	if value == nil {
		value = p.ValueAttr
	}
	name = current(name)
	if name == "" || s.final[name] {
		return nil
	}
	if value != nil {
		s.values[name] = *value
	}
	s.final[name] = strings.TrimSpace(p.Final+p.FinalAttr) == "true"
	return nil
}

// include reads <xi:include href="file">, and its <xi:fallback> if the file is not there.
func (s *site) include(d *xml.Decoder, start *xml.StartElement, dir string, depth int) error {
	var href string
	for _, a := range start.Attr {
		if a.Name.Local == "href" {
			href = a.Value
		}
	}
	u, err := url.Parse(href)
	if err != nil || href == "" || u.Scheme != "" && u.Scheme != "file" {
		return fmt.Errorf("xi:include of %q: only files can be included", href)
	}
	path := u.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	missing := s.read(path, depth+1)
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return missing
		case xml.StartElement:
			if t.Name.Local != "fallback" || !errors.Is(missing, os.ErrNotExist) {
				err = d.Skip()
			} else {
				missing = nil
				err = s.elements(d, dir, depth)
			}
			if err != nil {
				return err
			}
		}
	}
}
