// Command daily is the program of the tests of schedules and backfills: it counts a little for a date, or copies the date's file into
// the date's partition.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/leatproject/leat/client/datastream"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs" // folders that begin with hdfs://
)

func main() {
	date := flag.String("date", "", "which day's numbers to count")
	input := flag.String("input", "", "folder with a file for each day")
	output := flag.String("output", "", "folder whose partition dt=DATE becomes the lines of the day's file")
	flag.Parse()
	env := datastream.NewEnvironment()
	if *input != "" {
		datastream.WriteText(datastream.ReadTextFile(env, *input+"/"+*date), *output+"/dt="+*date, datastream.FileSinkOptions{Replace: true})
	} else {
		numbers := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: 10})
		datastream.Map(numbers, func(i int64) string { return fmt.Sprint(*date, " ", i) }).Print()
	}
	_, err := env.Execute(context.Background(), "daily "+*date)
	if err != nil {
		fmt.Fprintln(os.Stderr, "daily:", err)
	}
	os.Exit(datastream.ExitCode(err))
}
