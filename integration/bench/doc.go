// Command bench measures the engine beside a baseline in the same run and prints both with their ratio.
//
//	go run ./integration/bench                 # all benchmarks, small
//	go run ./integration/bench wordcount -mib 1024
//	go run ./integration/bench -h
//	eval "$(scripts/kafka/up.sh)"; go run ./integration/bench kafka-read kafka-write
//
// Every measured piece of work runs in a child process of its own, and its figure is the CPU time (user and system) that
// the operating system charged to that process, the median of several runs; wall time is shown beside it. Start reading at
// the table of benchmarks in main.go.
package main
