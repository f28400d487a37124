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
// Each kind of function has three forms. Map takes a plain function. MapContext takes a function that is given a context
// and may fail. MapWith takes a constructor that is called once for each parallel sub-task, for functions with fields, with
// Open and Close, and with state. A function value is shared by the sub-tasks of a process, so it must be safe for
// concurrent calls; what a constructor returns is called by one goroutine.
//
// A record that was emitted must not be changed any more: records are handed over by value, and what they point to is
// shared.
//
// Mistakes in a program (a type that cannot be encoded, two operators with one uid, no sink) are reported by Execute,
// before anything runs.
package datastream
