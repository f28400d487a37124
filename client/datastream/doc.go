// Package datastream is the typed DataStream API.
//
// A program makes an Environment, streams by sources, new streams by package functions (Map, KeyBy, Sum, ...), ends them
// in sinks (Print, WriteTo) and calls Execute. Functions transform; methods name, configure and end a stream:
//
//	env := datastream.NewEnvironment()
//	lines := datastream.SocketText(env, "localhost", 9999)
//	words := datastream.FlatMap(lines, func(line string, out *datastream.Collector[string]) {
//		for word := range strings.FieldsSeq(line) {
//			out.Collect(word)
//		}
//	})
//	counts := datastream.Count(datastream.KeyBy(words, func(w string) string { return w }))
//	counts.Print()
//	_, err := env.Execute(ctx, "Word Count")
//
// The API by family; a file holds the functions of one operator or family:
//
//	sources          FromSlice, FromSequence, Generate, ReadTextFile, ReadText, ReadCSV, ReadJSON, SocketText, Hybrid, and
//	                 FromSource for any other; Watermarks and Malformed of a source
//	transformations  Map, FlatMap, Filter, Process, Union, AssignTimestampsAndWatermarks
//	partitioning     Rebalance, Rescale, Shuffle, Broadcast, Global, Forward, PartitionCustom
//	keyed            KeyBy, then Reduce, Aggregate, Sum, Min, Max, MinBy, MaxBy, Count
//	windows          Window, WindowAll, CountWindow of an assigner (TumblingEventTime, EventTimeSession, GlobalWindows...),
//	                 with Trigger, Evictor, AllowedLateness, LateTo; then ReduceWindow, AggregateWindow, ProcessWindow,
//	                 ReduceProcessWindow, AggregateProcessWindow, SumWindow and its siblings
//	state, timers    KeyedProcessWith; ValueState, ListState, MapState, ReducingState, AggregatingState with StateTTL
//	side outputs     NewOutputTag, EmitTo, SideOutput
//	connect          Connect, ConnectKeyed, then CoMap, CoFlatMap, CoProcess, KeyedCoProcess
//	broadcast        ConnectBroadcast, ConnectBroadcastKeyed, then BroadcastProcess, KeyedBroadcastProcess
//	joins            JoinWindow, CoGroupWindow; IntervalJoin, then ProcessJoin
//	async            AsyncMap, AsyncMapFuture
//	bounded          JoinBounded, OuterJoinBounded, Distinct, SortPartition, MapPartition
//	iterations       Iterate with TerminateWhenEmpty; IterateDelta with JoinWithSolution
//	sinks            Print, Discard, WriteText, WriteCSV, WriteJSON, WriteToSocket, and WriteTo for any other; Collect,
//	                 ExecuteAndCollect, ExecuteAndIterate
//	main() itself    Once, Environment.OnClient
//	tests            NewHarness, HarnessSource, HarnessSink; Harness.WithSnapshots
//
// Each kind of function has three forms. Map takes a plain function. MapContext takes a function that is given a context
// and may fail. MapWith takes a constructor that is called once for each parallel sub-task, for functions with fields, with
// Open and Close, and with state. A function value is shared by the sub-tasks of a process, so it must be safe for
// concurrent calls; what a constructor returns is called by one goroutine.
//
// A record that was emitted must not be changed any more: records are handed over by value, and what they point to is
// shared.
//
// With execution.checkpointing.interval a job in STREAMING saves its state: what functions declare, timers, windows, records that
// wait in joins and asynchronous calls, broadcast state, the positions of sources, and how far event time is. After a failure it
// goes on from the last checkpoint; metrics begin anew. A job in BATCH, and so an iteration, begins again from what has been made
// instead. SortPartition, MapPartition and JoinBounded belong into BATCH then.
//
// On a cluster main() runs in the driver, which submits jobs, and again in each worker, up to the Execute that is its job. All of
// them must build the same: what may vary goes through Once, side effects go through OnClient. Executes run one after the other;
// a worker is given the results of those before its own, with the rows that were collected.
//
// Mistakes in a program (a type that cannot be encoded, two operators with one uid, no sink) are reported by Execute,
// before anything runs.
//
// Start reading at environment.go and stream.go, then map.go, the simplest operator; execute.go runs what they build.
package datastream
