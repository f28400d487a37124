// Package job is what a JobManager knows and decides, as two pure functions: no I/O, no clock, no goroutines, no floats, no order
// of maps. Everything else of the JobManager is a shell around them, so clusters with any faults are simulated in a unit test.
//
//	TaskManagers, clients                         scheduler/log                every member
//	       |                                            |                           |
//	 Register, Report,                             Propose(entry) ------------> State.Apply
//	 Disconnected                                       ^                           |
//	       v                                            |                      Effects: touched
//	 Observations ----> Decide(state, observations, now) -> commands           jobs and TMs, facts
//	  (volatile)   \                                                                |
//	       ^        +--> Orders(state, now) --> TaskManagers                        |
//	       +------------------------------ Applied <--------------------------------+
//
// One round of the leader: take what has come in; Decide until it returns nothing, each time proposing the commands as one entry
// (more where they do not fit) and then calling Decided; send the Orders; sleep until something comes in or Wake. Decide looks at
// news first (who came, who is lost, what tasks report) and lets them be logged before it draws conclusions from them; then at
// the jobs that were touched or whose wait is over: restart what failed (running.go, regions.go, restart.go), choose what is broadcast (broadcast.go), parallelism
// (parallelism.go), find slots and deploy (deploy.go, slots.go, locality.go), overtake what is slow
// (straggling.go), take a checkpoint (checkpointing.go), end. There is a file per state of a job. Last come schedules whose time has
// come (schedule.go).
//
// What is logged are decisions and facts: Apply only records them. Nothing is stored for a channel: tasks are found by vertex and
// sub-task, regions by arithmetic, and a deployment names its peers in one table per vertex. Orders are not logged: they follow
// from the state and from what a TaskManager has reported, and are repeated until a report confirms them, so any message may be
// lost, doubled or late. A new leader starts with no Observations, gives every lease a full term, and hears from everybody what
// runs; tasks do not notice.
//
// # Vocabulary
//
//   - vertex, sub-task, attempt: a task is a sub-task of a vertex; an attempt is one execution of it, numbered from 0.
//   - component: vertices joined by pipelined edges. lane: an independent part of a component whose edges are all
//     pointwise; an iteration is one lane, for its sub-tasks are kept in step. A region is a lane of a component: what is
//     deployed, fails and restarts together.
//   - rival: an attempt beside the one that counts, at another TaskManager, of a sub-task that is slow. Whichever finishes first
//     counts from then on, and the other is cancelled (straggling.go, rival.go).
//   - live: given to a TaskManager and not over. lost: finished, but its blocking output is gone.
//   - registration, TM: a TaskManager as it has registered once; given up and come again, it is another TM.
//   - commit vertex: runs when all it commits has finished. Once it was deployed, none of that ever runs again (sealed). When the
//     job fails or is cancelled before, it runs to remove what was prepared (abort).
//   - range: the sub-partitions that a sub-task reads; piece: a share of the producers of one sub-partition that is skewed.
//   - fence: generation, then term, then sequence. Everything that a leader says carries it, and who has seen a higher one
//     refuses. What an attempt leaves behind carries generation and attempt.
//   - checkpointed: a job whose state is saved; regions that fail restart alone, from the newest checkpoint that the log has, unless the
//     host of the coordinators is lost: then all do. A leader gives up the pending checkpoint of another term, for only who has begun one knows who has acknowledged it.
//   - facts: commands that must outlive every JobManager; Rebuild makes a state of them for a new generation.
//
// # What a TaskManager must do
//
// It registers with every leader it finds, and takes its number from the answer; a number that is new to it, or a new generation,
// means that it was given up: it ends what it runs, keeps finished outputs, and offers them when it registers. It refuses orders
// of a lesser fence, of another generation than it is registered in, and deployments of attempts not higher than one it knows.
// It reports all it has first (Full) and changes at once, each report with the leader's generation and term; ended attempts until
// they are forgotten. A heartbeat is a report without news. See sim_tm_test.go for one in 250 lines.
//
// Start reading at State, then Decide.
package job
