package job

import "fmt"

// Command is one change of the state. The set is closed: the kinds below.
type Command interface {
	kind() kind
	fields(c *codec)
	apply(s *State, at Time, e *Effects)
}

type kind uint8

// The kinds have these numbers in logs: append only.
const (
	kindLeaderElected kind = iota + 1
	kindTaskManagerRegistered
	kindTaskManagerLost
	kindClusterSuspended
	kindProgramAdded
	kindProgramRemoved
	kindJobSubmitted
	kindJobCancelled
	kindJobFailing
	kindJobEnded
	kindJobReconciled
	kindJobRemoved
	kindApplicationEnded
	kindSlotsAwaited
	kindRangesDecided
	kindTasksDeployed
	kindTasksChanged
	kindRegionsRestarted
	kindTasksReset
	kindOutputsKept
	kindCommitBegun
	kindOutputsOffered
	kindOutputsLost
	kindCheckpointReserved
	kindCheckpointCompleted
	kindCheckpointDropped
	kindRivalDeployed
	kindApplicationSubmitted
	kindDriverCrashed
	kindApplicationValueStored
	kindApplicationRemoved
	kindCheckpointAsked
	kindCheckpointAborted
	kindJobTroubled
	kindApplicationCancelled
	kindScheduleAdded
	kindScheduleRemoved
	kindSchedulePaused
	kindScheduleTicked
	kindScheduleBegun
	kindBroadcastDecided
	kinds
)

var newCommand = [kinds]func() Command{
	kindLeaderElected:         func() Command { return new(LeaderElected) },
	kindTaskManagerRegistered: func() Command { return new(TaskManagerRegistered) },
	kindTaskManagerLost:       func() Command { return new(TaskManagerLost) },
	kindClusterSuspended:      func() Command { return new(ClusterSuspended) },
	kindProgramAdded:          func() Command { return new(ProgramAdded) },
	kindProgramRemoved:        func() Command { return new(ProgramRemoved) },
	kindJobSubmitted:          func() Command { return new(JobSubmitted) },
	kindJobCancelled:          func() Command { return new(JobCancelled) },
	kindJobFailing:            func() Command { return new(JobFailing) },
	kindJobEnded:              func() Command { return new(JobEnded) },
	kindJobReconciled:         func() Command { return new(JobReconciled) },
	kindJobRemoved:            func() Command { return new(JobRemoved) },
	kindApplicationEnded:      func() Command { return new(ApplicationEnded) },
	kindSlotsAwaited:          func() Command { return new(SlotsAwaited) },
	kindRangesDecided:         func() Command { return new(RangesDecided) },
	kindTasksDeployed:         func() Command { return new(TasksDeployed) },
	kindTasksChanged:          func() Command { return new(TasksChanged) },
	kindRegionsRestarted:      func() Command { return new(RegionsRestarted) },
	kindTasksReset:            func() Command { return new(TasksReset) },
	kindOutputsKept:           func() Command { return new(OutputsKept) },
	kindCommitBegun:           func() Command { return new(CommitBegun) },
	kindOutputsOffered:        func() Command { return new(OutputsOffered) },
	kindOutputsLost:           func() Command { return new(OutputsLost) },
	kindCheckpointReserved:    func() Command { return new(CheckpointReserved) },
	kindCheckpointCompleted:   func() Command { return new(CheckpointCompleted) },
	kindCheckpointDropped:     func() Command { return new(CheckpointDropped) },
	kindRivalDeployed:         func() Command { return new(RivalDeployed) },

	kindApplicationSubmitted:   func() Command { return new(ApplicationSubmitted) },
	kindDriverCrashed:          func() Command { return new(DriverCrashed) },
	kindApplicationValueStored: func() Command { return new(ApplicationValueStored) },
	kindApplicationRemoved:     func() Command { return new(ApplicationRemoved) },

	kindCheckpointAsked:      func() Command { return new(CheckpointAsked) },
	kindCheckpointAborted:    func() Command { return new(CheckpointAborted) },
	kindJobTroubled:          func() Command { return new(JobTroubled) },
	kindApplicationCancelled: func() Command { return new(ApplicationCancelled) },
	kindScheduleAdded:        func() Command { return new(ScheduleAdded) },
	kindScheduleRemoved:      func() Command { return new(ScheduleRemoved) },
	kindSchedulePaused:       func() Command { return new(SchedulePaused) },
	kindScheduleTicked:       func() Command { return new(ScheduleTicked) },
	kindScheduleBegun:        func() Command { return new(ScheduleBegun) },
	kindBroadcastDecided:     func() Command { return new(BroadcastDecided) },
}

// MaxEntry is the largest encoded entry in bytes. What is larger goes to the blob store and is named by its digest.
const MaxEntry = 64 << 10

// Entry is what a leader proposes at once: commands that are applied together or not at all.
type Entry struct {
	// Generation and Term are the leader's; an entry of an older leader is ignored.
	Generation, Term uint64
	// Time is the leader's clock; it stamps states and decides nothing.
	Time     Time
	Commands []Command
}

const entryVersion = 1

func (e Entry) first() Command {
	if len(e.Commands) == 0 {
		return nil
	}
	return e.Commands[0]
}

func (e *Entry) header(c *codec) {
	num(c, &e.Generation)
	num(c, &e.Term)
	num(c, &e.Time)
}

// Encode returns the entry as bytes, at most MaxEntry.
func (e Entry) Encode() ([]byte, error) {
	all, err := e.Split()
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("log entry with %d commands is larger than %d bytes: propose it in parts", len(e.Commands), MaxEntry)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Split encodes the entry as as few entries as their limit allows, in order. The commands of a decision are made so that a
// leader which finds only the first of them applied decides the rest again.
func (e Entry) Split() ([][]byte, error) {
	head := codec{buf: []byte{entryVersion}}
	e.header(&head)
	var all [][]byte
	current := append([]byte(nil), head.buf...)
	for _, command := range e.Commands {
		c := codec{}
		command.fields(&c)
		w := codec{buf: []byte{byte(command.kind())}}
		w.bytes(&c.buf)
		if len(head.buf)+len(w.buf) > MaxEntry {
			return nil, fmt.Errorf("%T of %d bytes is larger than a log entry of %d bytes: store the larger part by its digest", command, len(c.buf), MaxEntry)
		}
		if len(current)+len(w.buf) > MaxEntry {
			all, current = append(all, current), append([]byte(nil), head.buf...)
		}
		current = append(current, w.buf...)
	}
	return append(all, current), nil
}

// encodeAll returns the entry as bytes, whatever its size.
func (e Entry) encodeAll() []byte {
	w := codec{buf: []byte{entryVersion}}
	e.header(&w)
	for _, command := range e.Commands {
		c := codec{}
		command.fields(&c)
		w.buf = append(w.buf, byte(command.kind()))
		w.bytes(&c.buf)
	}
	return w.buf
}

// DecodeEntry reads what Encode wrote. Fields that a newer version has appended are skipped; a kind of command that this
// version does not know is an error, since ignoring it would make the members differ.
func DecodeEntry(b []byte) (Entry, error) {
	var e Entry
	if len(b) == 0 || b[0] != entryVersion {
		return e, fmt.Errorf("log entry of an unknown version: run the release that wrote the log, or a newer one")
	}
	c := codec{buf: b[1:], reading: true}
	e.header(&c)
	for c.err == nil && len(c.buf) > 0 {
		k := kind(c.buf[0])
		c.buf = c.buf[1:]
		if k == 0 || k >= kinds {
			return e, fmt.Errorf("log entry has a command of unknown kind %d: run the release that wrote the log, or a newer one", k)
		}
		var body []byte
		c.bytes(&body)
		if c.err != nil {
			break
		}
		command := newCommand[k]()
		inner := codec{buf: body, reading: true, lenient: true}
		command.fields(&inner)
		c.err = inner.err
		e.Commands = append(e.Commands, command)
	}
	if c.err != nil {
		return e, fmt.Errorf("log entry: %w; the log is damaged: restore this member from the others", c.err)
	}
	return e, nil
}
