package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

func TestIDsAreThoseOfHadoop(t *testing.T) {
	for _, text := range []string{
		"container_1732190000000_0007_01_000002", "container_e03_1732190000000_0007_01_000002",
		"container_e123_1732190000000_12345_12_1234567",
	} {
		id, err := wire.ParseContainerID(text)
		require.NoError(t, err)
		require.Equal(t, text, id.Text())
	}
	id, err := wire.ParseContainerID("container_e03_1732190000000_0007_01_000002")
	require.NoError(t, err)
	require.Equal(t, int64(3)<<40+2, id.GetId())
	require.Equal(t, "appattempt_1732190000000_0007_000001", id.GetAppAttemptId().Text())
	require.Equal(t, "application_1732190000000_0007", id.GetAppAttemptId().GetApplicationId().Text())
	app, err := wire.ParseApplicationID("application_1732190000000_0007")
	require.NoError(t, err)
	require.True(t, proto.Equal(app, id.GetAppAttemptId().GetApplicationId()))
	require.Equal(t, "[::1]:8041", (&wire.NodeId{Host: proto.String("::1"), Port: proto.Int32(8041)}).Text())
}

func TestWrongIDs(t *testing.T) {
	for _, text := range []string{
		"", "container_", "container_1_2_3", "container_1_2_3_4_5", "container_e_1_2_3_4", "container_1_-2_3_4", "container_1_+2_3_4",
		"container_1_2_3_1099511627776", "container_e8388608_1_2_3_4", "container_1_4294967296_3_4", "application_1_2",
	} {
		_, err := wire.ParseContainerID(text)
		require.ErrorContains(t, err, "is no container id", text)
	}
	for _, text := range []string{"", "application_1", "application_1_2_3", "job_1_2", "application_1_9999999999", "e03_1_2"} {
		_, err := wire.ParseApplicationID(text)
		require.ErrorContains(t, err, "is no application id", text)
	}
}

func FuzzContainerID(f *testing.F) {
	f.Add("container_e03_1732190000000_0007_01_000002")
	f.Add("container_1_2_3_4")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := wire.ParseContainerID(text)
		if err != nil {
			return
		}
		again, err := wire.ParseContainerID(id.Text())
		require.NoError(t, err)
		require.True(t, proto.Equal(id, again))
	})
}
