package job

// TaskState is the state of a task's current attempt, with Flink's names. The order is that of a life.
type TaskState uint8

// The states of a task.
const (
	TaskCreated      TaskState = iota // waits for its inputs or for slots
	TaskScheduled                     // has a slot
	TaskDeploying                     // its order is under way
	TaskInitializing                  // its worker opens operators and restores state
	TaskRunning                       // processes records
	TaskCanceling                     // was told to stop and has not answered yet
	TaskFinished                      // ended by itself; its output, if any, is complete
	TaskCanceled                      // stopped because it was told to
	TaskFailed                        // ended by a fault, or its TaskManager was lost
	TaskReconciling                   // of an earlier leader's, not heard of yet
	taskStates
)

var taskStateNames = [taskStates]string{"CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "CANCELING",
	"FINISHED", "CANCELED", "FAILED", "RECONCILING"}

func (t TaskState) String() string {
	if t < taskStates {
		return taskStateNames[t]
	}
	return "UNKNOWN"
}

// Terminal tells whether the attempt is over.
func (t TaskState) Terminal() bool { return t == TaskFinished || t == TaskCanceled || t == TaskFailed }

// Live tells whether the attempt has been given to a TaskManager and is not over.
func (t TaskState) Live() bool { return t != TaskCreated && !t.Terminal() }

// after returns the state of an attempt in state t when its TaskManager reports r, and whether that is news.
func (t TaskState) after(r TaskState) (TaskState, bool) {
	switch {
	case !t.Live() || r >= taskStates:
		return t, false
	case t == TaskCanceling && r.Terminal():
		return TaskCanceled, true // the decision to cancel is in the log: too late to finish or fail
	case r.Terminal():
		return r, true
	case t == TaskCanceling:
		return t, false
	}
	return max(t, r), r > t && r <= TaskRunning
}
