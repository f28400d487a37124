package columnar

import (
	"bytes"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/numbertext"
)

// Guess finds the type that all of some texts have. The zero value has seen none.
type Guess struct {
	seen                                                    bool
	notBool, notInt, notFloat, notDate, notTime, notInstant bool
	zoned, unzoned                                          bool
	digits                                                  int // of the fraction of seconds
}

// AddString looks at a text that is neither number nor boolean where it comes from.
func (g *Guess) AddString(text []byte) {
	g.notBool, g.notInt, g.notFloat = true, true, true
	g.Add(text)
}

// Add looks at a text that is not NULL.
func (g *Guess) Add(text []byte) {
	text = bytes.TrimSpace(text)
	g.seen = true
	if !g.notBool {
		g.notBool = !strings.EqualFold(view(text), "true") && !strings.EqualFold(view(text), "false")
	}
	if !g.notFloat {
		g.number(text)
	}
	if !g.notDate {
		_, rest, ok := parseDate(text)
		g.notDate = !ok || len(rest) > 0
	}
	if !g.notTime {
		_, rest, ok := parseClock(text)
		g.notTime = !ok || len(rest) > 0 || len(text) < 5
	}
	if !g.notInstant {
		g.instant(text)
	}
}

func (g *Guess) number(text []byte) {
	digits := bytes.TrimPrefix(text, []byte("-"))
	code := len(digits) > 1 && digits[0] == '0' && digits[1] != '.' && digits[1] != 'e' // 007 is a name, not a number
	if len(digits) == 0 || code || digits[0] != '.' && digits[0]-'0' > 9 {
		g.notInt, g.notFloat = true, true
		return
	}
	if !g.notInt {
		_, err := numbertext.Int(text)
		g.notInt = err != nil
	}
	if g.notInt {
		_, err := numbertext.Float(text, 64)
		g.notFloat = err != nil
	}
}

func (g *Guess) instant(text []byte) {
	_, _, rest, err := parseTimestamp(text)
	if err != nil {
		g.notInstant = true
		return
	}
	if len(rest) == 0 {
		g.unzoned = true
	} else if _, err := parseZone(rest); err == nil {
		g.zoned = true
	} else {
		g.notInstant = true
	}
	if point := bytes.IndexByte(text, '.'); point > 0 {
		_, end := numbertext.Digits(text, point+1)
		g.digits = max(g.digits, end-point-1)
	}
}

// IsText says whether no type but STRING fits.
func (g *Guess) IsText() bool { return g.Type().IsCharacter() }

// Type is the narrowest type that all texts have; STRING if there were none.
func (g *Guess) Type() datatype.Type {
	switch {
	case !g.seen:
		return datatype.String
	case !g.notBool:
		return datatype.Boolean
	case !g.notInt:
		return datatype.BigInt
	case !g.notFloat:
		return datatype.Double
	case !g.notDate:
		return datatype.Date
	case !g.notTime:
		return datatype.Time(0)
	case !g.notInstant && g.zoned != g.unzoned:
		digits := 3
		if g.digits > 3 {
			digits = 3 * ((g.digits + 2) / 3)
		}
		if g.zoned {
			return datatype.TimestampLTZ(digits)
		}
		return datatype.Timestamp(digits)
	}
	return datatype.String
}
