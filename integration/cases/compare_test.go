package cases

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// value is a printed value in the form in which two of them are compared.
type value struct {
	null   bool
	number string // as it was printed; empty of what is none
	text   string
}

var (
	nulls     = []string{`\N`, "NULL", "<NULL>", "(NULL)", "null"}
	numeric   = regexp.MustCompile(`^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$`)
	timestamp = regexp.MustCompile(`^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?(\.\d+)?Z?$`)
	clock     = regexp.MustCompile(`^(\d\d:\d\d:\d\d)\.0*$`)
	blank     = regexp.MustCompile(`[\s"']`)
	literal   = regexp.MustCompile(`(?i)\b(true|false|null)\b`)
	brackets  = strings.NewReplacer("(", "[", "{", "[", ":", "=", ")", "]", "}", "]")
)

// valueOf reads a value: timestamps without zeros behind, nested values with brackets alike and without quotes, a flat map in order.
func valueOf(s string) value {
	if slices.Contains(nulls, s) {
		return value{null: true}
	}
	s = strings.TrimSpace(s)
	if numeric.MatchString(s) {
		return value{number: s}
	}
	if low := strings.ToLower(s); slices.Contains([]string{"true", "false", "t", "f"}, low) {
		return value{text: low[:1]}
	}
	if m := timestamp.FindStringSubmatch(s); m != nil {
		return value{text: m[1] + " " + m[2] + cmp.Or(m[3], ":00") + strings.TrimRight(strings.TrimRight(m[4], "0"), ".")}
	}
	if m := clock.FindStringSubmatch(s); m != nil {
		return value{text: m[1]}
	}
	if s != "" && strings.ContainsRune("[({", rune(s[0])) {
		flat := brackets.Replace(blank.ReplaceAllString(s, ""))
		flat = literal.ReplaceAllStringFunc(flat, strings.ToLower)
		if s[0] == '{' && strings.Count(flat, "[") == 1 {
			entries := strings.Split(flat[1:len(flat)-1], ",")
			slices.Sort(entries)
			flat = "[" + strings.Join(entries, ",") + "]"
		}
		return value{text: flat}
	}
	return value{text: s}
}

// digits are how many of a number count.
func digits(s string) int {
	s, _, _ = strings.Cut(strings.ToLower(s), "e")
	return len(strings.TrimLeft(strings.ReplaceAll(s, ".", ""), "+-0"))
}

// equal compares integers exactly, other numbers within the rounding of the shorter print.
func (v value) equal(o value) bool {
	if v.number == "" || o.number == "" {
		return v == o
	}
	x, _ := new(big.Rat).SetString(v.number)
	y, _ := new(big.Rat).SetString(o.number)
	if x.Cmp(y) == 0 {
		return true
	}
	if !strings.ContainsAny(v.number, ".eE") || !strings.ContainsAny(o.number, ".eE") {
		return false
	}
	short := v.number
	if digits(o.number) < digits(short) {
		short = o.number
	}
	difference := new(big.Rat).Abs(new(big.Rat).Sub(x, y))
	within := func(part float64) bool {
		most := new(big.Rat).Abs(x)
		if other := new(big.Rat).Abs(y); other.Cmp(most) > 0 {
			most = other
		}
		return difference.Cmp(most.Mul(most, new(big.Rat).SetFloat64(part))) <= 0
	}
	switch n := digits(short); {
	case n < 6:
		return within(1e-6)
	case n > 17:
		return false
	}
	return difference.Cmp(halfUnit(short)) <= 0 || within(1e-11)
}

// halfUnit is half of the last digit of a number.
func halfUnit(s string) *big.Rat {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	n, _ := strconv.Atoi(exponent)
	_, fraction, _ := strings.Cut(mantissa, ".")
	unit, _ := new(big.Rat).SetString(fmt.Sprintf("1e%d", n-len(fraction)))
	return unit.Mul(unit, big.NewRat(1, 2))
}

// order sorts values that may be equal next to each other.
func (v value) order(o value) int {
	if v.number != "" && o.number != "" {
		x, _ := strconv.ParseFloat(v.number, 64)
		y, _ := strconv.ParseFloat(o.number, 64)
		if math.Abs(x-y) > 1e-4*max(math.Abs(x), math.Abs(y)) {
			return cmp.Compare(x, y)
		}
		return 0
	}
	rank := func(v value) int {
		switch {
		case v.null:
			return 0
		case v.number != "":
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(v), rank(o)), strings.Compare(v.text, o.text))
}

func equalRows(a, b []value) bool { return slices.EqualFunc(a, b, value.equal) }

// difference says what is different between two tables, empty if nothing is.
func difference(got, want [][]string, ordered bool) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows instead of %d", len(got), len(want))
	}
	read := func(rows [][]string) [][]value {
		out := make([][]value, len(rows))
		for i, r := range rows {
			for _, s := range r {
				out[i] = append(out[i], valueOf(s))
			}
		}
		if !ordered {
			slices.SortStableFunc(out, func(a, b []value) int { return slices.CompareFunc(a, b, value.order) })
		}
		return out
	}
	left, right := read(got), read(want)
	if slices.EqualFunc(left, right, equalRows) {
		return ""
	}
	if ordered {
		return fmt.Sprintf("rows %v instead of %v", got, want)
	}
	for _, w := range right { // rows that rounding has put in another order
		at := slices.IndexFunc(left, func(l []value) bool { return equalRows(l, w) })
		if at < 0 {
			return fmt.Sprintf("row %v is missing; there is %v", w, left[0])
		}
		left = slices.Delete(left, at, at+1)
	}
	return ""
}
