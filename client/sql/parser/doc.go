// Package parser reads SQL in Flink's dialect: text in, trees of package ast out.
//
//	Parse       one statement
//	New, Next   the statements of a script one after the other, so that those before a mistake can run
//	ParseQuery, ParseExpr, ParseType: parts that stand alone in catalogs and options
//	Complete    whether what was typed so far ends a statement
//
// It is a lexer that makes all tokens at once, then recursive descent for statements and queries and operator precedence for
// expressions. Beside Flink's grammar it takes what people are used to from elsewhere: !=, ::, ILIKE, GROUP BY ALL, * EXCLUDE
// (...), a file's path in quotes as a table, QUALIFY. It reserves fewer words than Flink does.
//
// Every mistake is an *ast.Error with line, column and, where a keyword was mistyped, a suggestion. Statements that Flink has and
// Leat has not are refused by name with Unsupported set. No input makes it panic, and nesting is bounded (maxDepth), so that no input
// exhausts the stack.
//
// Start reading at parser.go, then query.go and expr.go.
package parser
