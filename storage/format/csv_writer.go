package format

import (
	"encoding"
	"fmt"
	"reflect"
	"time"
	"unsafe"
)

// Header implements Encoder: the names of the columns, if the option asks for them.
func (c *CSV[T]) Header(dst []byte) []byte {
	if !c.options.Header || c.columns == nil {
		return dst
	}
	for i := range c.columns {
		if i > 0 {
			dst = append(dst, c.options.Delimiter)
		}
		if named, err := c.appendText(dst, c.columns[i].name, i == 0); err == nil {
			dst = named
		}
	}
	return append(dst, '\n')
}

// Append implements Encoder. Fields are quoted only where reading them back needs it.
func (c *CSV[T]) Append(dst []byte, row *T) (_ []byte, err error) {
	begin := len(dst)
	if c.columns == nil {
		for i, text := range *any(row).(*[]string) {
			if i > 0 {
				dst = append(dst, c.options.Delimiter)
			}
			if dst, err = c.appendText(dst, text, i == 0); err != nil {
				return dst[:begin], fmt.Errorf("csv: field %d: %w", i+1, err)
			}
		}
	}
	for i := range c.columns {
		if i > 0 {
			dst = append(dst, c.options.Delimiter)
		}
		if dst, err = c.appendField(dst, &c.columns[i], unsafe.Pointer(row), i == 0); err != nil {
			return dst[:begin], fmt.Errorf("csv: field %s: %w", c.columns[i].name, err)
		}
	}
	if len(dst) == begin && !c.options.NoQuotes { // an empty line is no record
		dst = append(dst, c.options.Quote, c.options.Quote)
	}
	return append(dst, '\n'), nil
}

func (c *CSV[T]) appendField(dst []byte, col *column, p unsafe.Pointer, first bool) ([]byte, error) {
	p = unsafe.Add(p, col.offset)
	if col.pointer {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return append(dst, c.options.NullLiteral...), nil
		}
	}
	switch col.kind {
	case columnString:
		text := *(*string)(p)
		if (col.pointer || text != "") && text == c.options.NullLiteral && !c.options.NoQuotes {
			return c.appendQuoted(dst, text), nil
		}
		return c.appendText(dst, text, first)
	case columnBytes:
		return c.appendText(dst, view(*(*[]byte)(p)), first)
	case columnTime:
		return (*time.Time)(p).AppendFormat(dst, time.RFC3339Nano), nil
	case columnText:
		text, err := reflect.NewAt(col.typ, p).Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return dst, err
		}
		return c.appendText(dst, view(text), first)
	}
	return appendScalar(dst, col.scalar, p), nil
}

// appendText writes a text, in quotes where it would not be read back without.
func (c *CSV[T]) appendText(dst []byte, text string, first bool) ([]byte, error) {
	plain := !first || text == "" || c.options.Comment == 0 || text[0] != c.options.Comment
	for i := 0; plain && i < len(text); i++ {
		plain = !c.special[text[i]]
	}
	switch {
	case plain:
		return append(dst, text...), nil
	case c.options.NoQuotes:
		return dst, fmt.Errorf("%.40q cannot be written without quotes; allow them or choose another delimiter", text)
	}
	return c.appendQuoted(dst, text), nil
}

func (c *CSV[T]) appendQuoted(dst []byte, text string) []byte {
	quote := c.options.Quote
	dst = append(dst, quote)
	for i := range len(text) {
		if text[i] == quote {
			dst = append(dst, quote)
		}
		dst = append(dst, text[i])
	}
	return append(dst, quote)
}
