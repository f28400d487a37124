package job

import (
	"encoding/hex"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/snapshot.hex anew")

// set gives every exported field a value that is not zero, and every list an element. What tasks there are is said by others.
func set(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() && v.Type() != reflect.TypeFor[*Subtask]() {
			v.Set(reflect.New(v.Type().Elem()))
			set(t, v.Elem())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Plan]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				set(t, v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		set(t, v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			set(t, v.Index(i))
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(3)
	default:
		t.Fatalf("a field of kind %v", v.Kind())
	}
}

// everything is a state that has one of all that there is.
func everything(t *testing.T) *State {
	s := New(7)
	set(t, reflect.ValueOf(s).Elem())
	s.nextTM, s.nextJob, s.suspended = 5, 6, true
	j, tm, p, a, r := new(Job), new(TaskManager), new(Program), new(Application), new(Result)
	for _, x := range []any{j, tm, p, a, r} {
		set(t, reflect.ValueOf(x).Elem())
	}
	j.Plan = twoStages(t).Plan
	j.Vertices = append(j.Vertices, Vertex{Subtasks: make([]Subtask, 1)})
	j.Vertices[0].Subtasks[0].Rival = new(Subtask)
	set(t, reflect.ValueOf(j.Vertices[0].Subtasks[0].Rival).Elem())
	j.unhandled, j.troubled = j.Exceptions[0].Concurrent, true
	s.jobs.put(j.ID, j)
	s.tms.put(tm.Number, tm)
	s.programs.put(p.Digest, p)
	a.values.put("text", "digest")
	s.applications.put(a.ID, a)
	s.results.put(resultKey(r.Application, r.Execute), r)
	return s
}

// A snapshot that an earlier build has written reads as it did, or is of another version. Where this fails, because a field was
// added: raise snapshotVersion, and write the file anew with -update.
func TestSnapshotsOfEarlierBuilds(t *testing.T) {
	const path = "testdata/snapshot.hex"
	now := everything(t).Snapshot()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	before, err := hex.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	if *update {
		require.Less(t, before[0], byte(snapshotVersion), "raise snapshotVersion")
		before = now
		require.NoError(t, os.WriteFile(path, []byte(hex.EncodeToString(now)+"\n"), 0o600))
	}
	require.Equal(t, before, now)
	s, err := Restore(before)
	require.NoError(t, err)
	require.Equal(t, before, s.Snapshot())
}
