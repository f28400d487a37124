// Package savepoint reads checkpoints and savepoints (Flink's State Processor API).
//
// Open reads what a checkpoint or savepoint consists of: operators, by their uids, and their states. Nothing of the program that wrote
// it is needed: the types of all states are stored with them, and Entries reads them as they are. Where the types are known, Values,
// Lists, MapEntries and BroadcastEntries make values of these types of them; the types may differ from the stored ones as those of an
// evolved program may.
//
//	s, err := savepoint.Open(ctx, "hdfs:///savepoints/savepoint-1a2b3c")
//	for v, err := range savepoint.Values[string, Cart](s.Entries(ctx, "carts", "cart")) { ... }
//
// States of timers are called as Flink calls them, _timer_state/event_user-timers and _timer_state/processing_user-timers. What a
// checkpoint has saved in increments is merged in memory, for one sub-task of the operator at a time.
//
// Package client/stateprocessor reads them in a job. Start reading at Savepoint.
package savepoint
