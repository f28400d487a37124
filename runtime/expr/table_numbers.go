package expr

const toDouble = "number -> DOUBLE"

var numberFunctions = []section{
	{"arithmetic", Scalar, false, []row{
		{"ABS", "number -> 0; interval -> 0", "without the sign"},
		{"SIGN", "number -> 0", "-1, 0 or 1"},
		{"MOD", "number, number -> =modulo", "the remainder, with the sign of the dividend"},
		{"FLOOR", "number -> =whole; temporal, symbol -> 0; text, symbol -> TIMESTAMP", "rounded down, to a unit of time if one is given"},
		{"CEIL", "number -> =whole; temporal, symbol -> 0; text, symbol -> TIMESTAMP", "rounded up, to a unit of time if one is given"},
		{"ROUND", "number, [integer] -> =round", "rounded half up to digits behind the point, by default 0"},
		{"TRUNCATE", "number, [integer] -> =round", "cut to digits behind the point, by default 0"},
		{"POWER", "number, number -> DOUBLE", "one number to the power of another"},
		{"SQRT", toDouble, "the square root"},
		{"CBRT", toDouble, "the cube root"},
		{"EXP", toDouble, "e to the power of a number"},
		{"LN", toDouble, "the natural logarithm"},
		{"LOG", "number -> DOUBLE; number, number -> DOUBLE", "the natural logarithm, or that of the second to the base of the first"},
		{"LOG2", toDouble, "the logarithm to base 2"},
		{"LOG10", toDouble, "the logarithm to base 10"},
		{"SIN", toDouble, "of an angle in radians"}, {"COS", toDouble, "of an angle in radians"},
		{"TAN", toDouble, "of an angle in radians"}, {"COT", toDouble, "of an angle in radians"},
		{"ASIN", toDouble, "in radians"}, {"ACOS", toDouble, "in radians"}, {"ATAN", toDouble, "in radians"},
		{"ATAN2", "number, number -> DOUBLE", "the angle of a point (y, x), in radians"},
		{"SINH", toDouble, "the hyperbolic sine"}, {"COSH", toDouble, "the hyperbolic cosine"}, {"TANH", toDouble, "the hyperbolic tangent"},
		{"DEGREES", toDouble, "radians as degrees"}, {"RADIANS", toDouble, "degrees as radians"},
		{"PI", "-> DOUBLE!", "3.14159..."}, {"E", "-> DOUBLE!", "2.71828..."},
		{"RAND", "-> DOUBLE!; integer -> DOUBLE", "a random number from 0 to below 1, of a seed if one is given"},
		{"RAND_INTEGER", "integer -> INT; integer, integer -> INT", "a random integer from 0 to below a bound; a seed may stand before it"},
		{"CONV", "any, integer, integer -> STRING?", "digits of one base in another"},
	}},
}
