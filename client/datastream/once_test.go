package datastream

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnce(t *testing.T) {
	env := NewEnvironment()
	calls := 0
	now := Once(env, "now", func() time.Time { calls++; return time.Unix(7, 0) })
	require.Equal(t, 1, calls)
	require.True(t, now.Equal(time.Unix(7, 0)))
	number := Once(env, "number", func() int { return 42 })
	rows, err := ExecuteAndCollect(t.Context(), FromSlice(env, number), "numbers")
	require.NoError(t, err)
	require.Equal(t, []int{42}, rows)

	require.Equal(t, 43, Once(env, "number", func() int { return 43 }), "another Execute has values of its own")
	job := func(value int) string {
		Collect(FromSlice(env, 1))
		thisApplication.mu.Lock()
		thisApplication.once = map[string][]byte{}
		thisApplication.mu.Unlock()
		Once(env, "number", func() int { return value })
		job, _, err := env.plan("job", thisApplication.begun)
		require.NoError(t, err)
		env.nodes = nil
		return job.Fingerprint()
	}
	require.Equal(t, job(1), job(1))
	require.NotEqual(t, job(1), job(2), "values are part of the fingerprint")
}

func TestMistakesWithOnce(t *testing.T) {
	for want, mistake := range map[string]func(env *Environment){
		"a name of its own": func(env *Environment) {
			for range 2 {
				Once(env, "twice", func() int { return 1 })
			}
		},
		`once "channel"`: func(env *Environment) { Once(env, "channel", func() chan int { return nil }) },
		"no permission": func(env *Environment) {
			require.Error(t, env.OnClient(func(context.Context) error { return errors.New("no permission") }))
		},
	} {
		env := NewEnvironment()
		mistake(env)
		FromSlice(env, 1).Discard()
		_, err := env.Execute(t.Context(), "mistaken")
		var rejected *RejectedError
		require.ErrorAs(t, err, &rejected)
		require.ErrorContains(t, err, want)
	}
	env := NewEnvironment()
	Map(FromSlice(env, 1), func(int) int { return Once(env, "late", func() int { return 1 }) }).Discard()
	_, err := env.Execute(t.Context(), "late")
	require.ErrorContains(t, err, "call it in main")
}

func TestOnClient(t *testing.T) {
	type key struct{}
	env := NewEnvironment()
	WithContext(context.WithValue(t.Context(), key{}, "mine"))(env)
	var got any
	require.NoError(t, env.OnClient(func(ctx context.Context) error {
		got = ctx.Value(key{})
		return nil
	}))
	require.Equal(t, "mine", got)
}
