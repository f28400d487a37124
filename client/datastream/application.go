package datastream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/rpc"
)

// application is this process's run of the program. Its Executes are numbered from 0: the driver, a driver that is run again
// and the workers agree on what they mean by these numbers, so all of them must come to the same Executes in the same order.
type application struct {
	id string // 32 hexadecimal digits
	// driver is set if a JobManager has started this process, and may start it again.
	driver bool

	mu      sync.Mutex
	begun   int                   // Executes
	earlier map[int]*rpc.Executed // what they came to
	once    map[string][]byte     // values of Once by the number of the next Execute and their names, as 0/name
	endless string                // the job without end whose rows were read
	effects int                   // calls of OnClient since the last Execute
}

// thisApplication is shared by all environments of the process.
var thisApplication = inherited()

// inherited is the application that the environment names, or a new one. The variable is removed, so that what the program
// starts is no driver.
func inherited() *application {
	a := &application{id: os.Getenv(config.ApplicationVariable), earlier: map[int]*rpc.Executed{}, once: map[string][]byte{}}
	if a.driver = a.id != ""; !a.driver {
		a.id = newJobID()
	}
	os.Unsetenv(config.ApplicationVariable)
	return a
}

// kept returns what an earlier run of the driver has stored under a key; else it makes the value and stores it.
func (a *application) kept(ctx context.Context, conf *config.Configuration, key string, make func() ([]byte, error)) ([]byte, error) {
	if !a.driver {
		return make()
	}
	client, err := rest.FromConfiguration(conf, electionPatience)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	value, ok, err := client.Value(ctx, a.id, name)
	if ok || err != nil {
		return value, err
	}
	if value, err = make(); err != nil {
		return nil, err
	}
	return client.StoreValue(ctx, a.id, name, value)
}

// begin numbers an Execute.
func (a *application) begin() (k int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k = a.begun
	a.begun++
	a.effects = 0
	return k
}

// end notes what an Execute came to.
func (a *application) end(k int, e *rpc.Executed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.earlier[k] = e
}

// before returns what the Executes before number k came to.
func (a *application) before(k int) []*rpc.Executed {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]*rpc.Executed, k)
	for i := range all {
		if all[i] = a.earlier[i]; all[i] == nil {
			all[i] = &rpc.Executed{State: "FAILED", Error: "it had not ended when the next one was submitted: Executes of a program run one after the other"}
		}
	}
	return all
}

// readUnbounded notes that main() has read what cannot be read again.
func (a *application) readUnbounded(job string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.endless = job
}

func (a *application) unrepeatable() (job string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.endless
}

// values returns a copy of all that was evaluated by Once.
func (a *application) values() map[string][]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.once)
}

// digests are those of the values that Execute number k may use first.
func (a *application) digests(k int) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all map[string]string
	prefix := fmt.Sprint(k, "/")
	for _, key := range slices.Sorted(maps.Keys(a.once)) {
		if name, ok := strings.CutPrefix(key, prefix); ok {
			if all == nil {
				all = map[string]string{}
			}
			sum := sha256.Sum256(a.once[key])
			all[name] = hex.EncodeToString(sum[:16])
		}
	}
	return all
}
