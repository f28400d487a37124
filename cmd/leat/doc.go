// Command leat runs programs written with client/datastream and shows what they do.
//
//	leat run ./cmd/examples/wordcount --input text.txt
//	leat run -p 4 -Dexecution.runtime-mode=BATCH ./wordcount --input text.txt
//	leat info ./wordcount --input text.txt
//	leat version
//
// Output: a program's standard input and output are its own; what leat has to say goes to standard error. Exit codes are
// the table exitCodes. With --json, run writes the events of package client/status to standard error, one JSON object a
// line and nothing else of its own.
//
// Start reading at main.go; arguments.go turns the command line into what the flag package understands, program.go finds
// or builds the program, child.go runs it, progress.go and screen.go draw what it reports.
package main
