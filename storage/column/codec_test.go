package column

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type (
	userID  int64
	country string
	point   struct{ X, Y float64 }
	line    struct {
		Price    float64
		Labels   []string
		Quantity uint16
	}
	base struct{ ID userID }
	// everything has a field of each kind.
	everything struct {
		base
		Flag     bool
		I8       int8
		I16      int16
		I32      int32
		I        int
		U8       uint8
		U16      uint16
		U32      uint32
		U        uint
		F32      float32
		F64      float64
		C64      complex64
		C128     complex128
		S        string
		From     country
		B        []byte
		Lines    []line
		Matrix   [2][3]int16
		UUID     [16]byte
		Names    [2]string
		Scores   map[string]float64
		Nested   map[int32][]string
		At       time.Time
		For      time.Duration
		Next     *line
		Deep     **point
		Lists    [][]int32
		Empty    struct{}
		Voids    []struct{}
		Cache    func() `leat:"-"`
		_        int
		Amount   *big.Int
		Addr     netip.Addr
		Pointers []*int
	}
)

func codecOf[T any](t testing.TB) *Codec[T] {
	t.Helper()
	c, err := CodecOf[T]()
	require.NoError(t, err)
	return c
}

func drawString(t *rapid.T, label string) string {
	return rapid.OneOf(rapid.String(), rapid.StringN(0, 400, 800)).Draw(t, label)
}

// drawSlice draws nil now and then.
func drawSlice[E any](t *rapid.T, label string, elem func() E) []E {
	n := rapid.IntRange(-1, 4).Draw(t, label)
	if n < 0 {
		return nil
	}
	s := make([]E, 0, n)
	for range n {
		s = append(s, elem())
	}
	return s
}

func drawLine(t *rapid.T) line {
	return line{
		Price: rapid.Float64().Draw(t, "price"), Quantity: rapid.Uint16().Draw(t, "quantity"),
		Labels: drawSlice(t, "labels", func() string { return drawString(t, "label") }),
	}
}

func drawTime(t *rapid.T) time.Time {
	at := time.Unix(rapid.Int64Range(-1<<38, 1<<38).Draw(t, "sec"), rapid.Int64Range(0, 1e9-1).Draw(t, "nano"))
	if offset := rapid.SampledFrom([]int{0, 3600, -12600, 19}).Draw(t, "offset"); offset != 0 {
		return at.In(time.FixedZone("", offset))
	}
	return at.UTC()
}

func drawEverything(t *rapid.T) everything {
	e := everything{
		base: base{userID(rapid.Int64().Draw(t, "id"))},
		Flag: rapid.Bool().Draw(t, "flag"),
		I8:   rapid.Int8().Draw(t, "i8"), I16: rapid.Int16().Draw(t, "i16"), I32: rapid.Int32().Draw(t, "i32"), I: rapid.Int().Draw(t, "i"),
		U8: rapid.Uint8().Draw(t, "u8"), U16: rapid.Uint16().Draw(t, "u16"), U32: rapid.Uint32().Draw(t, "u32"), U: rapid.Uint().Draw(t, "u"),
		F32: rapid.Float32().Draw(t, "f32"), F64: rapid.Float64().Draw(t, "f64"),
		C64: complex(rapid.Float32().Draw(t, "re"), 1), C128: complex(2, rapid.Float64().Draw(t, "im")),
		S: drawString(t, "s"), From: country(drawString(t, "from")),
		B:      drawSlice(t, "b", func() byte { return rapid.Byte().Draw(t, "byte") }),
		Lines:  drawSlice(t, "lines", func() line { return drawLine(t) }),
		Matrix: [2][3]int16{{1, 2, rapid.Int16().Draw(t, "cell")}, {-1}},
		Names:  [2]string{drawString(t, "name"), ""},
		At:     drawTime(t), For: time.Duration(rapid.Int64().Draw(t, "for")),
		Lists:  drawSlice(t, "lists", func() []int32 { return drawSlice(t, "list", func() int32 { return rapid.Int32().Draw(t, "item") }) }),
		Voids:  drawSlice(t, "voids", func() struct{} { return struct{}{} }),
		Addr:   netip.AddrFrom4([4]byte{1, 2, 3, rapid.Byte().Draw(t, "addr")}),
		Amount: nil,
	}
	copy(e.UUID[:], e.S)
	if rapid.Bool().Draw(t, "maps") {
		e.Scores, e.Nested = map[string]float64{}, map[int32][]string{7: nil}
		for range rapid.IntRange(0, 3).Draw(t, "entries") {
			e.Scores[drawString(t, "key")] = rapid.Float64().Draw(t, "score")
			e.Nested[rapid.Int32().Draw(t, "nested")] = []string{drawString(t, "value")}
		}
	}
	if rapid.Bool().Draw(t, "pointers") {
		l, p, n := drawLine(t), &point{1, rapid.Float64().Draw(t, "y")}, rapid.Int().Draw(t, "n")
		e.Next, e.Deep, e.Pointers = &l, &p, []*int{nil, &n}
		e.Amount = big.NewInt(rapid.Int64().Draw(t, "amount"))
	}
	return e
}

func TestRoundTrip(t *testing.T) {
	c := codecOf[everything](t)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawEverything), 0, 5).Draw(t, "rows")
		block := c.AppendBatch([]byte("before"), rows)
		require.Equal(t, "before", string(block[:6]))
		back, err := c.DecodeBatch(block[6:], nil)
		require.NoError(t, err)
		require.Len(t, back, len(rows))
		for i := range rows {
			require.Equal(t, rows[i], back[i])
			row := c.AppendRow(nil, &rows[i])
			require.Equal(t, row, c.AppendRow(nil, &back[i]))
			var one everything
			rest, err := c.DecodeRow(append(row, "after"...), &one)
			require.NoError(t, err)
			require.Equal(t, "after", string(rest))
			require.Equal(t, rows[i], one)
			require.Equal(t, rows[i], c.Clone(rows[i]))
			require.GreaterOrEqual(t, c.Size(&rows[i]), int(unsafe.Sizeof(rows[i]))+len(rows[i].S))
		}
		source := slices.Clone(block[6:])
		apart, err := c.DecodeApart(source, nil)
		require.NoError(t, err)
		for i := range source {
			source[i] = 0xff
		}
		require.Len(t, apart, len(rows))
		for i := range rows {
			require.Equal(t, rows[i], apart[i])
		}
		again := c.AppendBatch(nil, back)
		if !hasMaps(back) {
			require.Equal(t, block[6:], again)
		}
	})
}

func hasMaps(rows []everything) bool {
	for _, r := range rows {
		if len(r.Scores)+len(r.Nested) > 1 {
			return true
		}
	}
	return false
}

func TestRowsOfDifferentValuesDiffer(t *testing.T) {
	type key struct {
		A, B string
		M    map[string]int
		P    *int8
		L    []string
	}
	c := codecOf[key](t)
	small := rapid.StringOfN(rapid.RuneFrom([]rune("\x00\x01a")), 0, 2, -1)
	draw := rapid.Custom(func(t *rapid.T) key {
		k := key{A: small.Draw(t, "a"), B: small.Draw(t, "b")}
		k.L = drawSlice(t, "l", func() string { return small.Draw(t, "e") })
		if rapid.Bool().Draw(t, "m") {
			k.M = rapid.MapOfN(small, rapid.IntRange(0, 1), 0, 2).Draw(t, "map")
		}
		if rapid.Bool().Draw(t, "p") {
			k.P = new(int8)
		}
		return k
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		same := string(c.AppendRow(nil, &a)) == string(c.AppendRow(nil, &b))
		require.Equal(t, reflect.DeepEqual(a, b), same)
		a.M = maps.Clone(a.M)
		require.Equal(t, c.AppendRow(nil, &a), c.AppendRow(nil, &a))
	})
}

func TestFloatsHaveOneFormInRows(t *testing.T) {
	c := codecOf[float64](t)
	zero, minus := 0.0, math.Copysign(0, -1)
	require.Equal(t, c.AppendRow(nil, &zero), c.AppendRow(nil, &minus))
	nan, other := math.NaN(), math.Float64frombits(0xfff8000000000123)
	require.Equal(t, c.AppendRow(nil, &nan), c.AppendRow(nil, &other))
	back, err := c.DecodeBatch(c.AppendBatch(nil, []float64{minus, other}), nil)
	require.NoError(t, err)
	require.Equal(t, math.Float64bits(minus), math.Float64bits(back[0]), "a block keeps every bit")
	require.Equal(t, math.Float64bits(other), math.Float64bits(back[1]))
}

func TestDecodeAppendsAndClearsSkippedFields(t *testing.T) {
	type row struct {
		A int
		B *int `leat:"-"`
	}
	c := codecOf[row](t)
	block := c.AppendBatch(nil, []row{{1, new(int)}, {2, new(int)}})
	dst := []row{{7, new(int)}, {8, new(int)}, {9, new(int)}}
	got, err := c.DecodeBatch(block, dst[:1])
	require.NoError(t, err)
	require.Equal(t, []row{{7, dst[0].B}, {1, nil}, {2, nil}}, got)
}

func TestClonesShareNothing(t *testing.T) {
	type row struct {
		S string
		B []byte
		L []*string
		M map[string][]int
	}
	c := codecOf[row](t)
	s := "kept"
	v := row{s, []byte("bytes"), []*string{&s}, map[string][]int{"a": {1}}}
	own := c.Clone(v)
	require.Equal(t, v, own)
	v.B[0], s = 'x', "changed"
	v.M["a"][0] = 2
	require.Equal(t, row{"kept", []byte("bytes"), []*string{ptr("kept")}, map[string][]int{"a": {1}}}, own)
	require.NotSame(t, unsafe.StringData(v.S), unsafe.StringData(own.S))
	require.True(t, c.HasPointers())
	require.False(t, codecOf[point](t).HasPointers())
}

func ptr[T any](v T) *T { return &v }

func TestRefusals(t *testing.T) {
	type node struct{ Next []node }
	type inner struct {
		Price chan int
	}
	type order struct{ Lines []inner }
	type hidden struct{ secret int }
	_ = hidden{}.secret
	type twice struct {
		A int
		B int `leat:"A"`
	}
	type skipped struct {
		A int `leat:"-"`
	}
	type keyed struct{ M map[string]any }
	tests := []struct {
		of   func() error
		want string
	}{
		{errorOf[order], `column.order.Lines[].Price: chan int cannot be encoded: it is not data; leave the field out with the tag leat:"-", or give its type a codec with RegisterCodec`},
		{errorOf[func()], `func(): func() cannot be encoded: it is not data`},
		{errorOf[unsafe.Pointer], `it is not data`},
		{errorOf[keyed], `column.keyed.M[value]: interface {} cannot be encoded: which type a value has is not known beforehand`},
		{errorOf[hidden], `column.hidden.secret: int cannot be encoded: the field is not exported; export it, leave it out with the tag leat:"-", or give column.hidden a codec with RegisterCodec`},
		{errorOf[node], `column.node.Next[]: column.node cannot be encoded: the type contains itself`},
		{errorOf[twice], `column.twice.B: the name "A" is already that of column.twice.A`},
		{errorOf[skipped], `none of its fields holds data`},
	}
	for _, test := range tests {
		require.ErrorContains(t, test.of(), test.want)
	}
	require.NoError(t, errorOf[struct{}]())
}

func errorOf[T any]() error {
	_, err := CodecOf[T]()
	return err
}

type shape interface{ area() int }

type square int

func (s square) area() int { return int(s * s) }

func TestRegisteredCodec(t *testing.T) {
	type row struct{ A, B shape }
	require.Error(t, errorOf[row]())
	RegisterCodec(func(dst []byte, v shape) []byte {
		return fmt.Appendf(dst, "%d", v)
	}, func(src []byte) (shape, error) {
		var s square
		_, err := fmt.Sscan(string(src), &s)
		return s, err
	})
	c := codecOf[row](t)
	rows := []row{{square(2), square(300)}, {square(-1), square(0)}}
	back, err := c.DecodeBatch(c.AppendBatch(nil, rows), nil)
	require.NoError(t, err)
	require.Equal(t, rows, back)
	require.Equal(t, "struct<A codec, B codec>", c.Schema().String())
}

// picky fails to marshal, and has an unexported field that forces the use of its marshaler.
type picky struct{ n int }

var errPicky = errors.New("too picky")

func (p picky) MarshalText() ([]byte, error) {
	if p.n < 0 {
		return nil, errPicky
	}
	return make([]byte, p.n), nil
}

func (p *picky) UnmarshalText(b []byte) error {
	p.n = len(b)
	return nil
}

func TestMarshalersOfEmbeddedFieldsDoNotCount(t *testing.T) {
	type event struct {
		time.Time
		secret int
	}
	_ = event{}.secret
	require.ErrorContains(t, errorOf[event](), "column.event.secret: int cannot be encoded: the field is not exported")
}

func TestMarshalers(t *testing.T) {
	c := codecOf[picky](t)
	require.Equal(t, KindText, c.Schema().Kind)
	for _, n := range []int{0, 1, 127, 128, 70000} {
		row := c.AppendRow([]byte("x"), &picky{n})
		var back picky
		rest, err := c.DecodeRow(row[1:], &back)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, n, back.n)
	}
	defer func() {
		err, ok := recover().(*EncodeError)
		require.True(t, ok)
		require.ErrorIs(t, err, errPicky)
		require.ErrorContains(t, err, "encoding a column.picky: too picky; make its marshaler accept every value")
	}()
	c.AppendBatch(nil, []picky{{-1}})
}

func TestSchema(t *testing.T) {
	type row struct {
		base
		Name  string         `leat:"name"`
		Tags  map[string]int `leat:"tags"`
		Lines []line
		UUID  [16]byte
		At    *time.Time
	}
	s := codecOf[row](t).Schema()
	require.Equal(t, "struct<base struct<ID int64>, name string, tags map<string, int64>, "+
		"Lines list<struct<Price float64, Labels list<string>, Quantity uint16>>, UUID array[16]<uint8>, At optional<timestamp>>", s.String())
	require.Equal(t, "column.userID", s.Fields[0].Fields[0].Type)
}

func TestBlockOfAnotherTypeIsRefused(t *testing.T) {
	block := codecOf[point](t).AppendBatch(nil, []point{{1, 2}})
	_, err := codecOf[line](t).DecodeBatch(block, nil)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "written for another type than column.line")
}

// TestManyVoids is about corrupt counts of elements that take no bytes.
func TestManyVoids(t *testing.T) {
	type row struct {
		A int8
		B []struct{}
	}
	c := codecOf[row](t)
	many := row{1, make([]struct{}, math.MaxInt32)}
	block := c.AppendBatch(nil, []row{many, {2, nil}})
	_, err := c.DecodeBatch(block, nil)
	require.NoError(t, err)
	var back row
	_, err = c.DecodeRow(c.AppendRow(nil, &many), &back)
	require.NoError(t, err)
	require.Len(t, c.Clone(back).B, math.MaxInt32)
	require.Less(t, c.Size(&back), 100)
	_, err = c.DecodeBatch(c.AppendBatch(nil, []row{many, {2, make([]struct{}, 1)}}), nil)
	require.ErrorIs(t, err, ErrCorrupt)
}

// FuzzDecode damages what the codec wrote: decoding ends in an error or in rows that encode again, never in a panic.
func FuzzDecode(f *testing.F) {
	c := codecOf[everything](f)
	rows := rapid.SliceOfN(rapid.Custom(drawEverything), 3, 3)
	for i := range 8 {
		f.Add(c.AppendBatch(nil, rows.Example(i)), uint16(40+i), byte(i))
	}
	f.Fuzz(func(t *testing.T, block []byte, at uint16, value byte) {
		check := func(block []byte) {
			back, err := c.DecodeBatch(block, nil)
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
			} else {
				c.AppendBatch(nil, back)
			}
			if len(block) > headerBytes {
				var one everything
				if _, err := c.DecodeRow(block[headerBytes:], &one); err == nil {
					c.AppendRow(nil, &one)
				}
			}
		}
		check(block)
		if len(block) > 0 {
			check(block[:int(at)%len(block)])
			block[int(at)%len(block)] = value
			check(block)
		}
	})
}

// TestDamagedBlocks changes each byte of a block in turn.
func TestDamagedBlocks(t *testing.T) {
	c := codecOf[everything](t)
	block := c.AppendBatch(nil, rapid.SliceOfN(rapid.Custom(drawEverything), 3, 3).Example(1))
	for i := range block {
		for _, b := range []byte{0, 1, 2, 4, 8, 0x7f, 0x80, 0xff} {
			old := block[i]
			block[i] = b
			back, err := c.DecodeBatch(block, nil)
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				require.Empty(t, back)
			}
			block[i] = old
		}
		_, err := c.DecodeBatch(block[:i], nil)
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	type row struct {
		ID   int64
		Name string
		Tags []string
		Next *point
		B    []byte
		At   time.Time
		Grid [2][2]int
	}
	rows := make([]row, 1000)
	for i := range rows {
		rows[i] = row{int64(i), "name", []string{"a", "b"}, &point{1, 2}, []byte("x"), time.Unix(int64(i), 0), [2][2]int{}}
	}
	c := codecOf[row](t)
	// The race detector makes pools forget now and then, hence the least of many runs.
	allocs := func(f func()) float64 {
		least := math.Inf(1)
		for range 30 {
			least = min(least, testing.AllocsPerRun(1, f))
		}
		return least
	}
	dst := c.AppendBatch(nil, rows)
	require.Zero(t, allocs(func() { dst = c.AppendBatch(dst[:0], rows) }))
	require.Zero(t, allocs(func() { dst = c.AppendRow(dst[:0], &rows[0]) }))
	into := make([]row, 0, len(rows))
	block := c.AppendBatch(nil, rows)
	require.LessOrEqual(t, allocs(func() { _, _ = c.DecodeBatch(block, into) }), 5.0)
}
