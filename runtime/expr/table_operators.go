package expr

const compare = "T, T -> BOOLEAN"

// operators are called by signs or by a grammar of their own.
var operators = []section{
	{"comparison", Scalar, true, []row{
		{"=", compare, "equal"},
		{"<>", compare, "not equal; also !="},
		{"<", compare, "less"},
		{"<=", compare, "less or equal"},
		{">", compare, "greater"},
		{">=", compare, "greater or equal"},
		{"IS DISTINCT FROM", "T, T -> BOOLEAN!", "not equal, where NULL equals NULL"},
		{"IS NOT DISTINCT FROM", "T, T -> BOOLEAN!", "equal, where NULL equals NULL"},
		{"IS NULL", "any -> BOOLEAN!", "is NULL"},
		{"IS NOT NULL", "any -> BOOLEAN!", "is not NULL"},
		{"LIKE", "text, text, [text] -> BOOLEAN", "matches a pattern of % and _; the third argument escapes them"},
		{"ILIKE", "text, text, [text] -> BOOLEAN", "LIKE in any case"},
		{"SIMILAR TO", "text, text, [text] -> BOOLEAN", "matches a regular expression of SQL"},
		{"OVERLAPS", "T, any, T, any -> BOOLEAN", "two periods, each of a start and an end or a length, have a moment in common"},
	}},
	{"logical", Scalar, true, []row{
		{"AND", "boolean... -> BOOLEAN", "three-valued and"},
		{"OR", "boolean... -> BOOLEAN", "three-valued or"},
		{"NOT", "boolean -> BOOLEAN", "three-valued not"},
		{"IS TRUE", "boolean -> BOOLEAN!", "is true, not false or unknown"},
		{"IS NOT TRUE", "boolean -> BOOLEAN!", "is false or unknown"},
		{"IS FALSE", "boolean -> BOOLEAN!", "is false, not true or unknown"},
		{"IS NOT FALSE", "boolean -> BOOLEAN!", "is true or unknown"},
		{"IS UNKNOWN", "boolean -> BOOLEAN!", "is unknown"},
		{"IS NOT UNKNOWN", "boolean -> BOOLEAN!", "is true or false"},
	}},
	{"arithmetic", Scalar, true, []row{
		{"+", "number, number -> =add; temporal, interval -> 0; interval, temporal -> 1; interval, interval -> =interval",
			"the sum; a point in time moved by an interval"},
		{"-", "number, number -> =add; temporal, interval -> 0; interval, interval -> =interval",
			"the difference; a point in time moved back by an interval"},
		{"*", "number, number -> =multiply; number, interval -> 1; interval, number -> 0", "the product"},
		{"/", "number, number -> =divide; interval, number -> 0", "the quotient; of integers an integer; division by zero fails"},
		{"%", "number, number -> =modulo", "the remainder, with the sign of the dividend"},
		{"NEGATE", "number -> 0; interval -> 0", "the opposite number"},
	}},
	{"text", Scalar, true, []row{
		{"||", "text, text -> =concat; binary, binary -> =concat", "one text behind the other"},
	}},
	{"conditional", Scalar, true, []row{
		{"CASE", "any... -> =case~", "the result of the first condition that holds"},
	}},
	{"construction", Scalar, true, []row{
		{"ROW", "-> =row!; any... -> =row!", "a row of values"},
		{"ARRAY", "any... -> =array!", "an array of values"},
		{"MAP", "any... -> =map!", "a map of keys and values in turn"},
		{"MULTISET", "any... -> =multiset!", "a multiset of values"},
		{"ITEM", "array, integer -> =item?; map, any -> =item?; variant, any -> VARIANT?",
			"the element at an index from 1, or the value of a key; NULL if there is none"},
	}},
}
