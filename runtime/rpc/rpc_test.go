package rpc

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAgree(t *testing.T) {
	v, err := Agree(3, 2)
	require.NoError(t, err)
	require.EqualValues(t, 2, v)
	_, err = Agree(3, 1)
	require.ErrorContains(t, err, "speaks version 1 of the control protocol, this one 3")
	_, err = Agree(1, 0)
	require.Error(t, err)
}

func TestFences(t *testing.T) {
	var none *Fence
	f := &Fence{Generation: 1, Term: 2, Sequence: 3}
	require.Negative(t, none.Compare(f))
	require.Zero(t, f.Compare(&Fence{Generation: 1, Term: 2, Sequence: 3}))
	require.Positive(t, f.Compare(&Fence{Generation: 1, Term: 1, Sequence: 9}))
	require.Negative(t, f.Compare(&Fence{Generation: 2}))
	require.Equal(t, "1.2.3", f.Text())
}
