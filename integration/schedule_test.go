package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

func init() { programs["notes"] = notesDay }

// notesDay FOLDER DAY appends the day to FOLDER/log, on the client, and runs a job.
func notesDay(ctx context.Context, env *datastream.Environment, args []string) error {
	f, err := os.OpenFile(filepath.Join(args[0], "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_ = env.OnClient(func(context.Context) error { // Execute reports it
		_, err := fmt.Fprintln(f, args[1])
		return err
	})
	datastream.FromSlice(env, args[1]).Print()
	return execute(ctx, env)
}

func (r *replicas) schedule(words ...string) string {
	r.t.Helper()
	out, err := r.leat(r.members, "schedule", words...)
	require.NoError(r.t, err, "%s", out)
	return out
}

// ticks waits until so many ticks of a schedule have succeeded, and returns all, the oldest first.
func (r *replicas) ticks(name string, succeeded int) (all []string) {
	r.t.Helper()
	var x messages.ScheduleDetails
	require.Eventually(r.t, func() bool {
		var err error
		x, err = r.client.Schedule(r.t.Context(), name)
		n := 0
		for _, run := range x.Runs {
			if run.State == "SUCCEEDED" {
				n++
			}
		}
		return err == nil && n >= succeeded
	}, patience, 20*time.Millisecond, "%d runs of %s", succeeded, name)
	for _, run := range x.Runs {
		all = append([]string{time.UnixMilli(run.Start).UTC().Format(time.DateOnly) + " " + run.State}, all...)
	}
	return all
}

// Five days were missed. Each is run once, one after the other, though the leader is killed meanwhile; scripts of SQL run likewise.
func TestScheduleOutlivesItsLeader(t *testing.T) {
	r := newReplicas(t)
	r.startAll(1)
	now := time.Now().UTC()
	later := now.Add(12 * time.Hour).Hour() // no tick comes while this runs
	cron := fmt.Sprintf("0 %d * * *", later)
	from := time.Date(now.Year(), now.Month(), now.Day(), later, 0, 0, 0, time.UTC).AddDate(0, 0, -6)
	if from.AddDate(0, 0, 6).Before(now) {
		from = from.AddDate(0, 0, 1)
	}
	day := func(n int) string { return from.AddDate(0, 0, n).Format(time.DateOnly) }
	since := []string{"--cron", cron, "--from", from.Format("2006-01-02T15:04"), "--"}

	added := r.schedule(append(append([]string{"add", "daily", "--missed", "all"}, since...), asCommand(t, "notes", r.dir, "{{date}}")...)...)
	require.Contains(t, added, "Added schedule daily: its next run is at ")
	r.ticks("daily", 1)
	r.leader().Kill()
	var want []string
	for n := range 5 {
		want = append(want, day(n)+" SUCCEEDED")
	}
	require.Equal(t, want, r.ticks("daily", 5))
	log, err := os.ReadFile(filepath.Join(r.dir, "log"))
	require.NoError(t, err)
	noted := strings.Fields(string(log))
	require.Equal(t, day(0), noted[0])
	require.Equal(t, day(4), noted[len(noted)-1])
	require.LessOrEqual(t, len(noted), 6, "at most the driver that the leader has taken along was run again: %s", noted)

	script := filepath.Join(r.dir, "report.sql")
	require.NoError(t, os.WriteFile(script, fmt.Appendf(nil, `CREATE TABLE report (d STRING) WITH ('connector'='filesystem', 'path'='%s', 'format'='csv');
INSERT INTO report VALUES ({{date}});`, filepath.Join(r.dir, "report")), 0o600))
	r.schedule(append(append([]string{"add", "report"}, since...), script, "--var", "date={{date}}")...)
	require.Equal(t, []string{day(0) + " MISSED", day(1) + " MISSED", day(2) + " MISSED", day(3) + " MISSED", day(4) + " SUCCEEDED"}, r.ticks("report", 1))
	parts, err := filepath.Glob(filepath.Join(r.dir, "report", "part*"))
	require.NoError(t, err)
	require.Len(t, parts, 1)
	report, err := os.ReadFile(parts[0])
	require.NoError(t, err)
	require.Equal(t, day(4)+"\n", string(report))
	r.scheduleVerbs(since, script)
}

// scheduleVerbs tries what is not yet, with schedules daily and report.
func (r *replicas) scheduleVerbs(since []string, script string) {
	t := r.t
	again, err := r.leat(r.members, "schedule", append(append([]string{"add", "report"}, since...), script)...)
	require.ErrorContains(t, err, "exit status 4", again)
	require.Contains(t, again, "there is a schedule report")
	r.schedule(append(append([]string{"add", "report", "--replace", "--overlap", "queue"}, since...), script, "--var", "date={{end}}")...)
	r.schedule("pause", "daily")
	list := r.schedule("list")
	require.Regexp(t, `(?m)^daily +0 \d+ \* \* \* +UTC +\S+ +paused +.* SUCCEEDED$`, list)
	require.Regexp(t, `(?m)^report +0 \d+ \* \* \* +UTC +report.sql +2\S+ \S+ UTC +.* SUCCEEDED$`, list)
	r.schedule("resume", "daily")
	require.Contains(t, r.schedule("history", "daily"), "SUCCEEDED")
	r.schedule("rm", "daily")
	var all []messages.Schedule
	require.NoError(t, json.Unmarshal([]byte(r.schedule("list", "--json")), &all))
	require.Len(t, all, 1)
	require.Equal(t, "queue", all[0].Overlap)
	for _, wrong := range [][]string{{"rm", "daily"}, {"history", "daily"}, {"add", "x", "--cron", "* * *", "--", script}, {"add", "x", "--", script},
		{"add", "x", "--cron", "@daily", "--", script, "--var", "date={{day}}"}, {"add", "x", "--cron", "@daily", "--overlap", "cancel", "--missed", "all", "--", script},
		{"add", "x", "--cron", "@daily"}, {"stop", "x"}} {
		out, err := r.leat(r.members, "schedule", wrong...)
		require.ErrorContains(t, err, "exit status 2", "%q: %s", wrong, out)
	}
}
