package integration

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func write(t *testing.T, path, content string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

const malformedCSV = "bread,1.5\ncheese,dear\nmilk,0.9\n\"eggs,2\n"
const malformedJSON = "{\"Name\":\"bread\",\"Price\":1.5}\n{\"Name\":\"cheese\",\"Price\":\"dear\"}\n{\"Name\":\"milk\",\"Price\":0.9}\n{\"Name\":\n"

// TestBadInput gives programs what can go wrong: each ends with the right exit code and one message that names the place,
// the cause and, where there is one, the remedy, and nothing that is partial can be seen.
func TestBadInput(t *testing.T) {
	for _, tc := range []struct {
		name string
		// args prepares folder and returns the program's arguments; its output directory is folder/out.
		args    func(t *testing.T, folder string) []string
		program string
		code    int
		message []string // parts of it, in order
	}{
		{"missing file", func(t *testing.T, folder string) []string {
			return []string{"--input", folder + "/nothing.txt", "--output", folder + "/out"}
		}, "wordcount", 1, []string{"Source: Text", "/nothing.txt", "no such file", "check the path"}},

		{"pattern without a match", func(t *testing.T, folder string) []string {
			return []string{"--input", folder + "/*.txt", "--output", folder + "/out"}
		}, "wordcount", 1, []string{"Source: Text", "/*.txt", "no such file", "patterns know"}},

		{"unreadable file", func(t *testing.T, folder string) []string {
			if os.Getuid() == 0 {
				t.Skip("root may read everything")
			}
			path := write(t, folder+"/secret.txt", "a")
			require.NoError(t, os.Chmod(path, 0))
			return []string{"--input", path, "--output", folder + "/out"}
		}, "wordcount", 1, []string{"secret.txt", "permission denied", "check the owner and mode"}},

		{"damaged archive", func(t *testing.T, folder string) []string {
			return []string{"--input", write(t, folder+"/logs.gz", "this was never compressed"), "--output", folder + "/out"}
		}, "wordcount", 1, []string{"Source: Text", "logs.gz", "gzip", "not what its name says"}},

		{"file system that is not linked in", func(t *testing.T, folder string) []string {
			return []string{"--input", "s3://bucket/key", "--output", folder + "/out"}
		}, "wordcount", 1, []string{"s3://bucket/key", "unknown scheme", "this program knows"}},

		{"unreadable line", func(t *testing.T, folder string) []string {
			return []string{write(t, folder+"/in.txt", "short\n"+strings.Repeat("long", 10)+"\n"), folder + "/out"}
		}, "readtext", 1, []string{"Source: Text", "in.txt:2", "longer than the limit of 20 bytes", "raise the maximum length", "SkipMalformed"}},

		{"malformed CSV fails", func(t *testing.T, folder string) []string {
			return []string{write(t, folder+"/in.csv", malformedCSV), folder + "/out"}
		}, "readcsv", 1, []string{"Items", "in.csv:2", "column 8", "Price", "dear", "SkipMalformed"}},

		{"malformed JSON fails", func(t *testing.T, folder string) []string {
			return []string{write(t, folder+"/in.json", malformedJSON), folder + "/out"}
		}, "readjson", 1, []string{"Items", "in.json:2", "byte 29", "Price", "dear", "SkipMalformed"}},

		{"unwritable output directory", func(t *testing.T, folder string) []string {
			if os.Getuid() == 0 {
				t.Skip("root may write everywhere")
			}
			require.NoError(t, os.Mkdir(folder+"/closed", 0o500))
			return []string{"--input", write(t, folder+"/in.txt", "a"), "--output", folder + "/closed/out"}
		}, "wordcount", 1, []string{"Sink: CSV", "closed", "permission denied", "check the owner and mode"}},

		{"file in the way of the output directory", func(t *testing.T, folder string) []string {
			return []string{"--input", write(t, folder+"/in.txt", "a"), "--output", write(t, folder+"/file", "") + "/out"}
		}, "wordcount", 1, []string{"Sink: CSV", "/file", "not a directory", "must be a directory"}},

		{"refused connection", func(t *testing.T, folder string) []string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			require.NoError(t, l.Close())
			return []string{"--socket", l.Addr().String(), "--output", folder + "/out"}
		}, "wordcount", 1, []string{"Source: Socket", "127.0.0.1", "connection refused", "start the server first"}},

		{"host that does not exist", func(t *testing.T, folder string) []string {
			return []string{"--socket", "no-such-host.invalid:9999", "--output", folder + "/out"}
		}, "wordcount", 1, []string{"Source: Socket", "no-such-host.invalid", "check it"}},

		{"panic of a function", func(t *testing.T, folder string) []string { return []string{folder + "/out"} },
			"panics", 1, []string{"Divide (", "panic: runtime error: integer divide by zero", "at record 500", "programs_test.go:"}},

		{"type that cannot be encoded", func(t *testing.T, folder string) []string { return []string{folder + "/out"} },
			"unencodable", 2, []string{"programs_test.go:", "Reply", "chan string cannot"}},

		{"graph without sinks", func(*testing.T, string) []string { return nil },
			"sinkless", 2, []string{"has no sink"}},

		{"unknown configuration key", func(t *testing.T, folder string) []string {
			return []string{"-D", "execution.runtime-mod=BATCH", "--input", write(t, folder+"/in.txt", "a"), "--output", folder + "/out"}
		}, "wordcount", 2, []string{"-D: unknown configuration key \"execution.runtime-mod\"", "did you mean \"execution.runtime-mode\""}},

		{"value that is not valid", func(t *testing.T, folder string) []string {
			return []string{"-D", "execution.runtime-mode=FAST", "--input", write(t, folder+"/in.txt", "a"), "--output", folder + "/out"}
		}, "wordcount", 2, []string{"-D: execution.runtime-mode", "FAST", "BATCH"}},

		{"unbounded input in BATCH", func(t *testing.T, folder string) []string {
			return []string{"-D", "execution.runtime-mode=BATCH", "--socket", "localhost:1", "--output", folder + "/out"}
		}, "wordcount", 2, []string{"unbounded source", "BATCH", "set execution.runtime-mode"}},

		{"temporary directory that cannot be made", func(t *testing.T, folder string) []string {
			return []string{"-D", "io.tmp.dirs=" + write(t, folder+"/file", "") + "/tmp", "--input", write(t, folder+"/in.txt", "a"), "--output", folder + "/out"}
		}, "wordcount", 2, []string{"/file/tmp", "not a directory", "io.tmp.dirs"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			program := programOrExample(t, tc.program)
			got := runProcess(t, program, tc.args(t, folder)...)
			require.Equal(t, tc.code, got.code, got.err)
			require.Empty(t, got.out)
			requireInOrder(t, got.err, tc.message)
			require.Equal(t, 1, strings.Count(got.err, tc.message[len(tc.message)-1]), "the message comes once: %s", got.err)
			require.Empty(t, files(t, folder+"/out"))
			if tc.name != "panic of a function" {
				require.Equal(t, 1, strings.Count(got.err, "\n"), "one line: %s", got.err)
				require.NotContains(t, got.err, "goroutine")
			}
		})
	}
}

// programOrExample finds a program by name.
func programOrExample(t *testing.T, name string) string {
	t.Helper()
	if programs[name] != nil {
		return link(t, name)
	}
	return command(t, name)
}

func requireInOrder(t *testing.T, text string, parts []string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		require.True(t, found, "%q (in this order: %q) is not in: %s", part, parts, text)
		rest = after
	}
}

func TestMalformedRecordsAreCountedAndKept(t *testing.T) {
	for program, content := range map[string]string{"readcsv": malformedCSV, "readjson": malformedJSON} {
		for _, policy := range []string{"skip", "side"} {
			t.Run(program+" "+policy, func(t *testing.T) {
				folder := t.TempDir()
				got := runProcess(t, link(t, program), write(t, folder+"/in", content), folder, policy)
				require.Equal(t, outcome{0, "malformed: 2\n", ""}, got)
				good := contents(t, folder+"/good")
				require.Contains(t, good, "bread")
				require.Contains(t, good, "milk")
				require.Equal(t, 2, strings.Count(good, "\n"))
				bad := contents(t, folder+"/bad")
				if policy == "skip" {
					require.Empty(t, bad)
					return
				}
				require.Contains(t, bad, "dear")
				require.Contains(t, bad, folder+"/in")
			})
		}
	}
}

// contents joins the output files of a directory.
func contents(t *testing.T, folder string) string {
	var b strings.Builder
	for _, path := range files(t, folder) {
		require.True(t, strings.HasPrefix(filepath.Base(path), "part-"), path)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		b.Write(text)
	}
	return b.String()
}

func TestExistingOutputIsNotTouched(t *testing.T) {
	folder := t.TempDir()
	input := write(t, folder+"/in.txt", "word word\n")
	wordcount := command(t, "wordcount")
	for _, p := range []string{"4", "1", "2"} { // with fewer sub-tasks, no part of the same name need be in the way
		got := runProcess(t, wordcount, "-p", p, "--input", input, "--output", folder+"/out")
		if p == "4" {
			require.Equal(t, outcome{}, got)
		} else {
			require.Equal(t, 1, got.code)
			requireInOrder(t, got.err, []string{"Sink: CSV", folder + "/out/part-", "file already exists", "choose another directory"})
		}
		require.Equal(t, "word,2\n", contents(t, folder+"/out"))
	}
	require.Equal(t, outcome{}, runProcess(t, wordcount, "--input", input, "--output", folder+"/out", "--overwrite"))
	require.Equal(t, "word,2\n", contents(t, folder+"/out"))
}

// TestLostConnection: each connection carries a line and is closed; after the last one nobody listens.
func TestLostConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	t.Cleanup(func() { _ = l.Close() })
	served := make(chan error, 1)
	go func() {
		for i := range 3 {
			c, err := l.Accept()
			if err == nil {
				_, err = fmt.Fprintln(c, "connection", i)
			}
			if err == nil {
				err = c.Close()
			}
			if err != nil {
				served <- err
				return
			}
		}
		served <- l.Close()
	}()
	got := runProcess(t, link(t, "reconnects"), address)
	require.NoError(t, <-served)
	require.Equal(t, "connection 0\nconnection 1\nconnection 2\n", got.out)
	require.Equal(t, 1, got.code, "no attempt was left: %s", got.err)
	require.Contains(t, got.err, "socket connection failed, trying again")
}
