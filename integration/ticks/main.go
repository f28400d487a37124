// Command ticks is the program of the tests in which JobManagers fail: its output shows when it ran.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// rate is records per second.
const rate = 200

func main() {
	env := datastream.NewEnvironment()
	switch {
	case len(os.Args) == 2:
		ticks(env, os.Args[1])
	case len(os.Args) == 3:
		sums(env, os.Args[1], os.Args[2])
	}
	_, err := env.Execute(context.Background(), "ticks")
	if err != nil {
		fmt.Fprintln(os.Stderr, "ticks:", err)
	}
	os.Exit(datastream.ExitCode(err))
}

// ticks appends the time to a file with every record, for ever: a line of nanoseconds since the epoch.
func ticks(env *datastream.Environment, path string) {
	var once sync.Once
	var file *os.File
	numbers := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Rate: datastream.Rate{PerSecond: rate}})
	datastream.Filter(numbers, func(int64) bool {
		once.Do(func() { file, _ = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) })
		_, _ = file.WriteString(strconv.FormatInt(time.Now().UnixNano(), 10) + "\n")
		return false
	}).Print()
}

type sum struct{ Digit, Sum int64 }

// sums counts slowly to a number and writes a sum for each last digit into a folder.
func sums(env *datastream.Environment, count, folder string) {
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ticks:", err)
		os.Exit(2)
	}
	numbers := datastream.Generate(env, func(i int64) sum { return sum{i % 10, i} }, datastream.GeneratorOptions{Count: n, Rate: datastream.Rate{PerSecond: rate}})
	digits := datastream.KeyBy(numbers, func(s sum) int64 { return s.Digit })
	sums := datastream.Reduce(digits, func(a, b sum) sum { return sum{a.Digit, a.Sum + b.Sum} })
	datastream.WriteText(datastream.Map(sums, func(s sum) int64 { return s.Sum }), folder)
}
