package integration

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLogsOfAJob: what tasks log names job, task, sub-task and attempt, as text or JSON, and leat logs -f ends with the job.
func TestLogsOfAJob(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 1, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	server := make(chan net.Conn, 1)
	go func() {
		if conn, err := l.Accept(); err == nil {
			server <- conn
		}
	}()
	out, err := c.leat("run", "-d", "-D", "cluster.log-format=json", "-D", "restart-strategy.type=none", link(t, "reconnects"),
		asProgram+"reconnects", l.Addr().String()).CombinedOutput()
	require.NoError(t, err, "%s", out)
	id := regexp.MustCompile(`[0-9a-f]{32}`).FindString(string(out))
	conn := <-server
	defer conn.Close()
	follow := c.leat("logs", "-f", id)
	var followed strings.Builder
	follow.Stdout = &followed
	require.NoError(t, follow.Start())
	fmt.Fprintln(conn, "first")
	require.NoError(t, conn.Close())
	require.NoError(t, l.Close())
	require.NoError(t, follow.Wait(), "it ends with the job")
	require.Equal(t, "first\n", followed.String())
	require.Contains(t, c.get("/jobs/"+id+"/status"), "FAILED")

	logged, err := c.leat("logs", "--stderr", id).Output()
	require.NoError(t, err)
	var line struct {
		Time                  time.Time
		Level, Msg, Job, Task string
		Subtask, Attempt      *int
	}
	warned := regexp.MustCompile(`(?m)^\{.*trying again.*$`).Find(logged)
	require.NotEmpty(t, warned, "%s", logged)
	require.NoError(t, json.Unmarshal(warned, &line))
	require.Equal(t, id, line.Job)
	require.Contains(t, line.Task, "Source: Socket")
	require.NotNil(t, line.Subtask)
	require.NotNil(t, line.Attempt)
}
