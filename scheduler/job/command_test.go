package job

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// fill sets every exported field to something drawn.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.CanSet() && v.IsNil() {
			if !rapid.Bool().Draw(t, "there") && v.Type() != reflect.TypeFor[*Plan]() {
				return
			}
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(t, v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Plan]() {
			v.FieldByName("Vertices").Set(reflect.ValueOf([]PlanVertex{{Parallelism: 2, MaxParallelism: 4}, {MaxParallelism: 9, Edges: []PlanEdge{{Exchange: Blocking, Split: true}}}}))
			if err := v.Addr().Interface().(*Plan).Prepare(); err != nil {
				t.Fatal(err)
			}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i))
			}
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(rapid.Int32().Draw(t, "int")))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Uint8().Draw(t, "uint8")))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(rapid.Uint32().Draw(t, "uint")))
	default:
		t.Fatalf("a field of kind %v", v.Kind())
	}
}

// Every command comes back from its encoding as it was.
func TestEntriesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Entry{Generation: 3, Term: 4, Time: 5}
		for k := kind(1); k < kinds; k++ {
			c := newCommand[k]()
			require.Equal(t, k, c.kind())
			fill(t, reflect.ValueOf(c))
			e.Commands = append(e.Commands, c)
		}
		b, err := e.Encode()
		require.NoError(t, err)
		back, err := DecodeEntry(b)
		require.NoError(t, err)
		require.Equal(t, e, back)
	})
}

// A newer version's fields are skipped, an older version's are zero, and nothing that is cut short or random panics.
func TestEntriesOfOtherVersions(t *testing.T) {
	whole := codec{buf: []byte{entryVersion}}
	(&Entry{Generation: 1, Term: 1}).header(&whole)
	body := []byte{2, 'x', 8, 8, 8} // Digest "x", then fields that ProgramRemoved does not have
	whole.buf = append(whole.buf, byte(kindProgramRemoved))
	whole.bytes(&body)
	e, err := DecodeEntry(whole.buf)
	require.NoError(t, err)
	require.Equal(t, &ProgramRemoved{"x"}, e.Commands[0])

	short := codec{buf: []byte{entryVersion}}
	(&Entry{}).header(&short)
	body = []byte{2, 'x'}
	short.buf = append(short.buf, byte(kindProgramAdded))
	short.bytes(&body)
	e, err = DecodeEntry(short.buf)
	require.NoError(t, err)
	require.Equal(t, &ProgramAdded{Digest: "x"}, e.Commands[0])

	_, err = DecodeEntry(append(append([]byte(nil), whole.buf...), 200, 0))
	require.ErrorContains(t, err, "unknown kind 200")
	_, err = DecodeEntry([]byte{99})
	require.ErrorContains(t, err, "unknown version")
	for n := range whole.buf {
		_, _ = DecodeEntry(whole.buf[:n])
	}
}

func FuzzDecode(f *testing.F) {
	b, err := Entry{1, 1, 1, []Command{&JobSubmitted{Job: "a", Plan: &Plan{Vertices: []PlanVertex{{Parallelism: 1, MaxParallelism: 1}}}}}}.Encode()
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) {
		if e, err := DecodeEntry(b); err == nil {
			New(1).Apply(1, e)
		}
	})
}

func TestEntryLimit(t *testing.T) {
	var e Entry
	for range 20 {
		e.Commands = append(e.Commands, &ClusterSuspended{}, &TaskManagerLost{1, strings.Repeat("x", 10_000)})
	}
	_, err := e.Encode()
	require.ErrorContains(t, err, "propose it in parts")
	all, err := e.Split()
	require.NoError(t, err)
	var back []Command
	for _, b := range all {
		require.LessOrEqual(t, len(b), MaxEntry)
		part, err := DecodeEntry(b)
		require.NoError(t, err)
		back = append(back, part.Commands...)
	}
	require.Equal(t, e.Commands, back)
	_, err = Entry{Commands: []Command{&TaskManagerLost{1, strings.Repeat("x", MaxEntry)}}}.Split()
	require.ErrorContains(t, err, "store the larger part by its digest")
}
