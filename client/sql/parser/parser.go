package parser

import (
	"io"
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/datatype"
)

// maxDepth bounds how deep queries, expressions and types may nest, maxChain how many operators may follow each other.
const (
	maxDepth = 200
	maxChain = 20_000
)

// Parser reads the statements of one text. It is used by one goroutine.
type Parser struct {
	source string
	tokens []token
	at     int
	closes []int // of parentheses, see closing
	depth  int
	failed error // of the lexer, met where the tokens end
}

// New begins to read a script.
func New(source string) *Parser {
	tokens, err := lex(source)
	p := &Parser{source: source, tokens: tokens}
	if err != nil {
		p.failed = err
	}
	return p
}

// Next gives the next statement and its text without the semicolon; io.EOF behind the last.
func (p *Parser) Next() (statement ast.Statement, source string, err error) {
	defer p.recover(&err)
	for p.accept(";") {
		continue
	}
	if p.peek().kind == endOfText {
		if p.failed != nil {
			return nil, "", p.failed
		}
		return nil, "", io.EOF
	}
	start := p.peek().pos.Offset
	statement = p.statement()
	source = p.source[start:p.previous().end]
	if p.peek().kind != endOfText || p.failed != nil {
		p.expect(";")
	}
	return statement, source, nil
}

// Parse reads a text that is one statement.
func Parse(source string) (ast.Statement, error) {
	return whole(source, func(p *Parser) ast.Statement {
		s := p.statement()
		p.accept(";")
		return s
	})
}

// ParseQuery reads a text that is one query.
func ParseQuery(source string) (*ast.Query, error) {
	return whole(source, func(p *Parser) *ast.Query { return p.query() })
}

// ParseExpr reads a text that is one expression.
func ParseExpr(source string) (ast.Expr, error) {
	return whole(source, func(p *Parser) ast.Expr { return p.expr() })
}

// ParseType reads a text that is one type, as its String prints it.
func ParseType(source string) (datatype.Type, error) {
	return whole(source, func(p *Parser) datatype.Type { return p.dataType() })
}

func whole[T any](source string, parse func(*Parser) T) (out T, err error) {
	p := New(source)
	if p.failed != nil {
		return out, p.failed
	}
	defer p.recover(&err)
	out = parse(p)
	if p.peek().kind != endOfText {
		p.unexpected("the end")
	}
	return out, nil
}

// Complete says whether a text ends its last statement: its last token is a semicolon outside of quotes and comments, and no
// statement set is open.
func Complete(source string) bool {
	tokens, err := lex(source)
	if err != nil {
		return !strings.HasSuffix(err.Message, "has no end")
	}
	if len(tokens) < 2 {
		return false
	}
	last := tokens[len(tokens)-2]
	if last.kind != punctuation || last.text != ";" {
		return false
	}
	open := false
	for i, t := range tokens {
		switch {
		case t.upper == "SET" && i > 0 && tokens[i-1].upper == "STATEMENT":
			open = true
		case t.upper == "END" && tokens[i+1].text == ";" && i > 0 && tokens[i-1].text == ";":
			open = false
		}
	}
	return !open
}

// syntaxError carries an error from where it is found to the entry of the parser.
type syntaxError struct{ err *ast.Error }

// recover turns the panic of fail into an error; any other panic goes on.
func (p *Parser) recover(err *error) {
	switch r := recover().(type) {
	case nil:
	case syntaxError:
		r.err.Source = p.source
		*err = r.err
		if p.failed != nil && p.peek().kind == endOfText {
			*err = p.failed
		}
	default:
		panic(r)
	}
}

func (p *Parser) fail(err *ast.Error) { panic(syntaxError{err}) }

func (p *Parser) failAt(at ast.Pos, format string, args ...any) {
	p.fail(ast.Errorf(at, format, args...))
}

// unsupported refuses what Flink has and this engine has not.
func (p *Parser) unsupported(at ast.Pos, what, hint string) {
	p.fail(&ast.Error{Pos: at, Message: what + " is not supported", Hint: hint, Unsupported: true})
}

func (p *Parser) peek() token { return p.tokens[p.at] }

func (p *Parser) previous() token { return p.tokens[max(p.at-1, 0)] }

// ahead is the token n behind the next one.
func (p *Parser) ahead(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *Parser) advance() token {
	t := p.tokens[p.at]
	if t.kind != endOfText {
		p.at++
	}
	return t
}

// is says whether a token is the keyword or the symbol.
func (t token) is(s string) bool {
	return t.kind == word && t.upper == s || t.kind == punctuation && t.text == s
}

// sees says whether the next tokens are these keywords or symbols.
func (p *Parser) sees(list ...string) bool {
	for i, s := range list {
		if !p.ahead(i).is(s) {
			return false
		}
	}
	return true
}

// accept takes the next tokens if they are these.
func (p *Parser) accept(list ...string) bool {
	if !p.sees(list...) {
		return false
	}
	for range list {
		p.advance()
	}
	return true
}

// acceptOne takes the next token if it is one of these and says which.
func (p *Parser) acceptOne(list ...string) string {
	for _, s := range list {
		if p.accept(s) {
			return s
		}
	}
	return ""
}

// expect takes these tokens, or fails.
func (p *Parser) expect(list ...string) {
	for _, s := range list {
		if !p.accept(s) {
			p.unexpected(s)
		}
	}
}

// expectOne takes one of these tokens, or fails.
func (p *Parser) expectOne(list ...string) string {
	s := p.acceptOne(list...)
	if s == "" {
		p.unexpected(list...)
	}
	return s
}

// unexpected fails at the next token and says what could stand there.
func (p *Parser) unexpected(expected ...string) {
	t := p.peek()
	found := "the end of the statement"
	switch t.kind {
	case endOfText:
	case text:
		found = "'" + clip(t.text) + "'"
	default:
		found = clip(t.text)
	}
	err := ast.Errorf(t.pos, "expected %s, found %s", join(expected), found)
	err.Hint = p.suggestion(expected)
	p.fail(err)
}

// clip shortens what an error quotes.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}

func join(list []string) string {
	switch n := len(list); n {
	case 1:
		return list[0]
	default:
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
}

// clauses are the keywords that people mistype into an alias: SELECT a FORM t.
var clauses = strings.Fields("SELECT FROM WHERE GROUP HAVING ORDER LIMIT OFFSET UNION INTERSECT EXCEPT JOIN INNER LEFT RIGHT FULL " +
	"CROSS NATURAL USING VALUES WINDOW QUALIFY PARTITION BETWEEN DISTINCT EXISTS INSERT INTO TABLE LATERAL")

// suggestion looks at the unexpected word and at the one before it, which may have been taken for an alias.
func (p *Parser) suggestion(expected []string) string {
	candidates := slices.Clone(clauses)
	for _, e := range expected {
		if e != "" && e[0] >= 'A' && e[0] <= 'Z' {
			candidates = append(candidates, e)
		}
	}
	for _, t := range []token{p.peek(), p.previous()} {
		if t.kind != word || slices.Contains(candidates, t.upper) || ast.IsReserved(t.upper) {
			continue
		}
		if s := config.DidYouMean(t.upper, candidates); s != "" {
			_, quoted, _ := strings.Cut(s, `"`)
			return "did you mean " + strings.TrimSuffix(quoted, `"?`) + " instead of " + t.text + "?"
		}
	}
	return ""
}

// nest bounds the depth of what calls itself; the result ends the level.
func (p *Parser) nest() func() {
	if p.depth++; p.depth > maxDepth {
		p.failAt(p.peek().pos, "the statement nests deeper than %d levels", maxDepth)
	}
	return func() { p.depth-- }
}

// ident takes a name.
func (p *Parser) ident(what string) ast.Ident {
	t := p.peek()
	if !isName(t) {
		if t.kind == word {
			err := ast.Errorf(t.pos, "expected %s, found the keyword %s", what, t.text)
			err.Hint = "to use it as a name write `" + t.text + "`"
			p.fail(err)
		}
		p.unexpected(what)
	}
	p.advance()
	return ast.Ident{Pos: t.pos, Name: t.text}
}

// isName says whether a token can be a name.
func isName(t token) bool {
	return t.kind == quotedName || t.kind == word && !ast.IsReserved(t.upper)
}

// label takes a name behind AS or a dot, where keywords do no harm.
func (p *Parser) label(what string) ast.Ident {
	if t := p.peek(); t.kind == word {
		p.advance()
		return ast.Ident{Pos: t.pos, Name: t.text}
	}
	return p.ident(what)
}

func (p *Parser) objectName(what string) ast.ObjectName {
	first := p.ident("the name of a " + what)
	parts := []ast.Ident{first}
	for p.accept(".") {
		parts = append(parts, p.label("a name"))
	}
	if len(parts) > 3 {
		p.failAt(first.Pos, "a name has at most three parts: catalog, database and %s", what)
	}
	return ast.ObjectName{Pos: first.Pos, Parts: parts}
}

// list takes items with commas between them.
func list[T any](p *Parser, item func() T) []T {
	out := []T{item()}
	for p.accept(",") {
		out = append(out, item())
	}
	return out
}

// enclosed takes (item, ...).
func enclosed[T any](p *Parser, item func() T) []T {
	p.expect("(")
	out := list(p, item)
	p.expect(")")
	return out
}

func (p *Parser) columnName() ast.Ident { return p.ident("the name of a column") }

// text takes a text in quotes.
func (p *Parser) text(what string) string {
	t := p.peek()
	if t.kind != text {
		p.unexpected(what + " in quotes")
	}
	p.advance()
	return t.text
}

// maybeComment takes COMMENT 'text'.
func (p *Parser) maybeComment() *string {
	if p.peek().is("COMMENT") && p.ahead(1).kind == text {
		p.advance()
		s := p.advance().text
		return &s
	}
	return nil
}

// option takes 'key' = 'value'.
func (p *Parser) option() ast.Option {
	pos := p.peek().pos
	key := p.text("the key of an option")
	p.expect("=")
	return ast.Option{Pos: pos, Key: key, Value: p.text("the value of the option")}
}

// options takes ('key' = 'value', ...), which may be empty.
func (p *Parser) options() []ast.Option {
	p.expect("(")
	if p.accept(")") {
		return nil
	}
	out := list(p, p.option)
	p.expect(")")
	return out
}

// maybeWith takes WITH (options).
func (p *Parser) maybeWith() []ast.Option {
	if p.accept("WITH") {
		return p.options()
	}
	return nil
}
