package kafka

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"

	"github.com/leatproject/leat/storage/sink"
)

// How a sub-task writes exactly once. It begins a transaction with its first record and ends it nowhere: at a barrier all of it
// is flushed, and the transactional id, with the producer id and epoch that the broker has given, becomes a committable. From
// then on the transaction belongs to whoever has the committable: EndTxn with these three commits it, from any process, and
// says so again when it is asked again. Records of the next checkpoint go into a transaction of another id.
//
// An id is used again when the broker says that its last transaction is committed, and one after it too: then a later
// checkpoint is complete, and no failure leads back to the one that the first belongs to. So a sub-task has three or four ids,
// and what an id's last transaction came to can be asked for as long as it may be needed. Only who begins again from an older
// checkpoint by hand finds that an id has been used since.
//
// Fencing: ids carry the attempt, so a writer of an earlier attempt that still runs never takes over a transaction of a later
// one; what it writes is in no committable, is never committed and is aborted by the broker when it times out. Ids also carry
// the job's id and a digest of its name: what a dead run of the same job has left open is aborted when the next one begins
// (nothing else may be, since the committables of the checkpoint it begins with are committed before its writers open), and a
// job of another name is told that the prefix is taken. A run that was thought dead finds out at its next commit, and fails.

// transactionalID names a transaction: PREFIX-OWNER-JOB-SUBTASK-ATTEMPT-NUMBER.
type transactionalID struct {
	owner, job               string
	subtask, attempt, number string
}

var transactionalIDs = regexp.MustCompile(`^([0-9a-f]{8})-(.+)-(\d+)-(\d+)-(\d+)$`)

// parseID takes an id of a prefix apart; it is not ok if the id is of another prefix.
func parseID(prefix, id string) (t transactionalID, ok bool) {
	rest, ok := strings.CutPrefix(id, prefix+"-")
	m := transactionalIDs.FindStringSubmatch(rest)
	if !ok || m == nil {
		return t, false
	}
	return transactionalID{m[1], m[2], m[3], m[4], m[5]}, true
}

func nameID(prefix string, env sink.Env, number int) string {
	return fmt.Sprintf("%s-%s-%s-%d-%d-%d", prefix, ownerOf(env.JobName), env.JobID, env.Subtask, env.Attempt, number)
}

// ownerOf is a digest of a job's name.
func ownerOf(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name)) //nolint:errcheck // a hash does not fail
	return hex.EncodeToString(h.Sum(nil))
}

// committable is a transaction that is flushed and open.
type committable struct {
	id       string
	producer int64
	epoch    int16
}

func (c committable) encode() sink.Committable {
	b := binary.AppendVarint([]byte{1}, c.producer)
	b = binary.AppendVarint(b, int64(c.epoch))
	return append(b, c.id...)
}

func decodeCommittable(b sink.Committable) (c committable, err error) {
	damaged := fmt.Errorf("kafka sink: committable of %d bytes: %w", len(b), errDamaged)
	if len(b) < 3 || b[0] != 1 {
		return c, damaged
	}
	producer, n := binary.Varint(b[1:])
	epoch, m := binary.Varint(b[1+max(n, 0):])
	if n <= 0 || m <= 0 || int64(int16(epoch)) != epoch {
		return c, damaged
	}
	return committable{string(b[1+n+m:]), producer, int16(epoch)}, nil
}

// outcome is what became of a transaction.
type outcome int

const (
	undecided outcome = iota
	wasCommitted
	wasAborted
	// superseded: the id was used again, or fenced, or is forgotten since it was not used for days.
	superseded
)

// outcomeOf tells what became of a transaction from what its id is now. The state's names are Kafka's.
func (c committable) outcomeOf(state string, producer int64, epoch int16) outcome {
	// A transaction that times out has its epoch raised by one when it is aborted. An id that is used again has it raised by two.
	own := producer == c.producer && (epoch == c.epoch || epoch == c.epoch+1)
	switch {
	case own && (state == "CompleteCommit" || state == "PrepareCommit"):
		return wasCommitted
	case own && (state == "CompleteAbort" || state == "PrepareAbort" || state == "PrepareEpochFence"):
		return wasAborted
	case own && state == "Ongoing" && epoch == c.epoch:
		return undecided
	}
	return superseded
}
