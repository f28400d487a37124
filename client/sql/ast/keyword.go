package ast

import "strings"

// reserved are the words that cannot name a thing without backticks: those without which a statement would not be clear. Flink
// reserves more; what it refuses for that alone is accepted here.
var reserved = words(`ALL AND ANY AS ASC BETWEEN BY CASE CAST CROSS DESC DISTINCT DROP ELSE END EXCEPT EXISTS FALSE FETCH FOR FROM
	FULL GROUP HAVING ILIKE IN INNER INSERT INTERSECT INTO IS JOIN LATERAL LEFT LIKE LIMIT MINUS NATURAL NOT NULL OFFSET ON OR ORDER
	OVER OVERLAPS PARTITION QUALIFY RIGHT RLIKE SELECT SIMILAR SOME TABLE THEN TRUE TRY_CAST UNION UNNEST USING VALUES WHEN WHERE
	WINDOW WITH MATCH_RECOGNIZE TABLESAMPLE PIVOT UNPIVOT`)

// leading are the words that begin a special form and therefore are quoted when they are printed as names.
var leading = words(`ARRAY DATE DESCRIPTOR ESCAPE EXCLUDE FILTER FIRST IGNORE INTERVAL MAP MULTISET RESPECT ROW SET SYMMETRIC TIME
	TIMESTAMP TIMESTAMP_LTZ UESCAPE WITHIN ROWS RANGE UNBOUNDED CURRENT NULLS CUBE ROLLUP KEY VALUE
	CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP`)

// bare are the functions that are called without parentheses.
var bare = words(`CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP`)

// special are the functions with a grammar of their own within the parentheses.
var special = words(`CAST TRY_CAST EXISTS EXTRACT TRIM SUBSTRING POSITION OVERLAY CEIL CEILING FLOOR TIMESTAMPADD TIMESTAMPDIFF ROW
	DESCRIPTOR ARRAY MAP MULTISET JSON_VALUE JSON_QUERY JSON_EXISTS JSON_OBJECT JSON_ARRAY JSON_OBJECTAGG JSON_ARRAYAGG`)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// IsReserved says whether a word, in capitals, needs backticks to be a name.
func IsReserved(word string) bool { return reserved[word] }

// IsBareFunction says whether a word, in capitals, is a function that is called without parentheses.
func IsBareFunction(word string) bool { return bare[word] }

// IsSpecialFunction says whether a word, in capitals, begins a function with a grammar of its own.
func IsSpecialFunction(word string) bool { return special[word] }

// Reserved gives all reserved words, to compare a mistyped one with.
func Reserved() []string {
	out := make([]string, 0, len(reserved))
	for w := range reserved {
		out = append(out, w)
	}
	return out
}

// Quote prints a name, in backticks where it needs them.
func Quote(name string) string {
	upper := strings.ToUpper(name)
	if plain(name) && !reserved[upper] && !leading[upper] {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// plain says whether a name has the form of an identifier.
func plain(name string) bool {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '$')) {
			return false
		}
	}
	return name != ""
}
