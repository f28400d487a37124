package expr

import "slices"

// sections are all functions.
var sections = slices.Concat(operators, textFunctions, numberFunctions, timeFunctions, collectionFunctions, otherFunctions, aggregateFunctions)

// aliases are other names of functions.
var aliases = map[string]string{
	"CEILING": "CEIL", "CHARACTER_LENGTH": "CHAR_LENGTH", "LENGTH": "CHAR_LENGTH", "SUBSTR": "SUBSTRING", "LCASE": "LOWER", "UCASE": "UPPER", "POW": "POWER",
	"STDDEV": "STDDEV_SAMP", "VARIANCE": "VAR_SAMP", "CURRENT_TIME": "LOCALTIME", "NVL": "IFNULL", "STRING_AGG": "LISTAGG",
	"EVERY": "BOOL_AND", "TRUNC": "TRUNCATE", "RLIKE": "REGEXP", "ARG_MAX": "MAX_BY", "ARG_MIN": "MIN_BY", "IIF": "IF", "TRANSLATE3": "TRANSLATE",
	"SHA": "SHA1", "DAY": "DAYOFMONTH", "ANY_VALUE": "FIRST_VALUE", "LIST": "ARRAY_AGG",
}
