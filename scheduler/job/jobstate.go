package job

import "github.com/leatproject/leat/scheduler/checkpoints"

// JobState is the state of a job, with Flink's names.
type JobState uint8

// The states of a job. The handler of each is in the file of its name.
const (
	Initializing JobState = iota // submitted
	Created                      // waits for its first slots
	Running
	Restarting  // some regions are being stopped, or wait for their delay
	Failing     // stops its tasks; ends as FAILED
	Cancelling  // stops its tasks; ends as CANCELED
	Reconciling // rebuilt in a new generation; waits for those who may hold its outputs
	Suspended   // the cluster was shut down; a new generation takes the job up again
	Finished
	Canceled
	Failed
	jobStates
)

var jobStateNames = [jobStates]string{"INITIALIZING", "CREATED", "RUNNING", "RESTARTING", "FAILING", "CANCELLING",
	"RECONCILING", "SUSPENDED", "FINISHED", "CANCELED", "FAILED"}

func (j JobState) String() string {
	if j < jobStates {
		return jobStateNames[j]
	}
	return "UNKNOWN"
}

// ending is how a job in a terminal state has ended.
func (j JobState) ending() checkpoints.Ending {
	switch j {
	case Finished:
		return checkpoints.Finished
	case Canceled:
		return checkpoints.Canceled
	}
	return checkpoints.Failed
}

// Terminal tells whether the job is over for good.
func (j JobState) Terminal() bool { return j == Finished || j == Canceled || j == Failed }
